// Package seal keeps secrets secret at rest.
//
// An operator gives one long secret. NewKeys derives every key from it by HKDF
// (RFC 5869). Keys.Seal encrypts what goes into the store, bound to its table,
// its row and the person it belongs to, so that a blob that was moved opens no
// more; Keys.Open is the way back. Keys.MAC signs what travels through the hands
// of others, and Keys.Signed checks it.
//
// While an operator changes the secret, the previous one still opens and
// verifies; what is new is made with the current one. Keys.Current tells what is
// still to be sealed anew.
//
// A Secret is a string that cannot print. What holds one is stored through Seal,
// never through a general encoder.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// MinSecret is the least number of characters of an operator's secret.
const MinSecret = 32

// ErrWrongKey is what Open returns for a blob that was sealed with another
// secret. Whoever opens the store tells the operator which setting to look at.
var ErrWrongKey = errors.New("sealed with another secret")

// ErrBroken is what Open returns for a blob that was changed, cut or moved to
// another table, row or person.
var ErrBroken = errors.New("sealed content is broken or not where it belongs")

const (
	version   = 1
	idSize    = 4
	headSize  = 1 + idSize
	nonceSize = 12
)

// Keys seals, opens and signs. It is safe for concurrent use, and copies share
// their keys. It prints as [redacted].
type Keys struct {
	ring []*key // the current one first
}

type key struct {
	id   [idSize]byte // tells which secret sealed a blob, and nothing about it
	aead cipher.AEAD
	mac  []byte
}

// NewKeys derives the keys of the current secret and, during a change of
// secrets, of the previous one; an empty previous is none. It refuses secrets
// shorter than MinSecret.
func NewKeys(now, previous Secret) (Keys, error) {
	current, err := derive(now)
	if err != nil {
		return Keys{}, fmt.Errorf("derive keys: %w", err)
	}
	if previous == "" {
		return Keys{ring: []*key{current}}, nil
	}
	old, err := derive(previous)
	if err != nil {
		return Keys{}, fmt.Errorf("derive keys of the previous secret: %w", err)
	}
	return Keys{ring: []*key{current, old}}, nil
}

func derive(s Secret) (*key, error) {
	if len(s) < MinSecret {
		return nil, fmt.Errorf("the secret has %d characters and needs at least %d", len(s), MinSecret)
	}
	id, err := expand(s, "usher key id", idSize)
	if err != nil {
		return nil, err
	}
	data, err := expand(s, "usher seal", 32)
	if err != nil {
		return nil, err
	}
	mac, err := expand(s, "usher mac", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(data)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &key{id: [idSize]byte(id), aead: aead, mac: mac}, nil
}

func expand(s Secret, info string, size int) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(s), nil, info, size)
}

// Seal encrypts b with AES-256-GCM for the row id of table, which belongs to
// person. The blob starts with a version and the id of the key.
func (k Keys) Seal(b []byte, table, id, person string) []byte {
	now := k.ring[0]
	out := make([]byte, 0, headSize+nonceSize+len(b)+now.aead.Overhead())
	out = append(out, version)
	out = append(out, now.id[:]...)
	return now.aead.Seal(out, nil, b, place(out[:headSize], table, id, person))
}

// Open is the inverse of Seal and needs the same table, id and person. Its
// errors are ErrWrongKey and ErrBroken.
func (k Keys) Open(b []byte, table, id, person string) ([]byte, error) {
	if len(b) < headSize || b[0] != version {
		return nil, ErrBroken
	}
	for _, key := range k.ring {
		if key.id != [idSize]byte(b[1:headSize]) {
			continue
		}
		out, err := key.aead.Open(nil, nil, b[headSize:], place(b[:headSize], table, id, person))
		if err != nil {
			return nil, ErrBroken
		}
		return out, nil
	}
	return nil, ErrWrongKey
}

// Sealed reports whether b begins like something that Seal made, by whichever
// secret. What is text does not.
func Sealed(b []byte) bool { return len(b) >= headSize+nonceSize && b[0] == version }

// Current reports whether b was sealed with the current secret, without opening
// it.
func (k Keys) Current(b []byte) bool {
	return len(b) >= headSize && b[0] == version && k.ring[0].id == [idSize]byte(b[1:headSize])
}

// place is the associated data of a blob: where it belongs, unambiguously.
func place(head []byte, parts ...string) []byte {
	out := append([]byte(nil), head...)
	for _, p := range parts {
		out = binary.AppendUvarint(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}

// MAC returns 32 bytes that only a holder of the secret can make. label says
// what is signed; the parts are signed in order, each for itself.
func (k Keys) MAC(label string, parts ...string) []byte {
	return k.ring[0].sum(label, parts)
}

// Signed reports whether mac, which may be cut short by its maker, is the MAC of
// label and parts under the current or the previous secret. An empty mac is
// nobody's.
func (k Keys) Signed(mac []byte, label string, parts ...string) bool {
	for _, key := range k.ring {
		if sum := key.sum(label, parts); len(mac) > 0 && len(mac) <= len(sum) && hmac.Equal(mac, sum[:len(mac)]) {
			return true
		}
	}
	return false
}

func (k *key) sum(label string, parts []string) []byte {
	h := hmac.New(sha256.New, k.mac)
	var size [binary.MaxVarintLen64]byte
	write := func(s string) {
		h.Write(size[:binary.PutUvarint(size[:], uint64(len(s)))])
		io.WriteString(h, s) //nolint:errcheck // a hash never fails to take bytes
	}
	write(label)
	for _, p := range parts {
		write(p)
	}
	return h.Sum(nil)
}

// Format implements fmt.Formatter, so that no verb prints a key.
func (Keys) Format(f fmt.State, _ rune) { Secret("").Format(f, 'v') }

// LogValue implements slog.LogValuer.
func (Keys) LogValue() slog.Value { return Secret("").LogValue() }

// MarshalText implements encoding.TextMarshaler.
func (Keys) MarshalText() ([]byte, error) { return Secret("").MarshalText() }

// Zero reports whether k was never made by NewKeys.
func (k Keys) Zero() bool { return len(k.ring) == 0 }
