package core

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// A token is base64url of
//
//	what ‖ expiry in minutes, 4 bytes ‖ ours, 5 bytes ‖ theirs, 5 bytes
//
// so 19 characters more than what takes by itself. what is the action's name and
// arguments, or the key of a note that holds them. ours is a MAC over platform,
// what and expiry; theirs covers also who may press. A token with a good first
// half and a bad second one was made by us for somebody else: its presser is
// told so. To act, all ten bytes must be right, and only the bot can check them.
const (
	maxToken   = 64
	expirySize = 4
	halfMAC    = 5
	tailSize   = expirySize + 2*halfMAC
	maxWhat    = maxToken*6/8 - tailSize
)

// What a token's first byte says, where it is not a letter of a name.
const (
	inStore = "\x00" // followed by the id of a note
	isPick  = "\x01" // the last argument is the value of a select
	between = "\x00"
)

// strictly reads a token in its one spelling; only new lines it lets pass.
var strictly = base64.RawURLEncoding.Strict()

// tokenLabel is what MACs of tokens are labelled with.
const (
	oursLabel   = "action"
	theirsLabel = "action for"
)

// stored is an action that did not fit into its token, or that has more to
// remember: the choices of a select, the inputs of a form.
type stored struct {
	Name   string   `json:"name"`
	Args   []string `json:"args,omitempty"`
	Once   bool     `json:"once,omitempty"`
	Picked *string  `json:"picked,omitempty"`
	Values []string `json:"values,omitempty"` // what a select offers
	Min    int      `json:"min,omitempty"`
	Max    int      `json:"max,omitempty"`
	Inputs []Input  `json:"inputs,omitempty"` // what a form asks for
}

// Errors of opening a token. Whoever routes the press turns them into silence
// or a sentence.
var (
	errForged   = errors.New("token was not made here")
	errNotYours = errors.New("token was made for somebody else")
	errTooOld   = errors.New("token is too old")
)

// sign returns the token of an action in a chat. more is what its control has to
// remember beside the action itself.
func (b *Bot) sign(ctx context.Context, a Action, chat Chat, more stored) (seal.Secret, error) {
	more.Name, more.Args, more.Once, more.Picked = a.Name, a.Args, a.Once, a.picked
	life := a.For
	if life == 0 {
		life = DefaultFor
	}
	until := time.Now().Add(life)
	what, fits := more.pack()
	if !fits {
		var err error
		if what, err = b.storeAction(ctx, more, until); err != nil {
			return "", err
		}
	}
	who := chatScope(chat)
	if a.Only != (User{}) {
		who = a.Only.Key()
	}
	return b.seal(chat.Platform, who, what, until), nil
}

// chatScope is who may press what anybody in a chat may press.
func chatScope(c Chat) string { return "in " + key(c.Platform, c.Team, c.ID) }

// seal makes the token of what, for who, until then.
func (b *Bot) seal(platform, who, what string, until time.Time) seal.Secret {
	raw := make([]byte, 0, len(what)+tailSize)
	raw = append(raw, what...)
	// A minute more, so that nothing ends before its time.
	raw = binary.BigEndian.AppendUint32(raw, uint32(until.Unix()/60+1))
	signed := string(raw)
	raw = append(raw, b.keys.MAC(oursLabel, platform, signed)[:halfMAC]...)
	raw = append(raw, b.keys.MAC(theirsLabel, platform, signed, who)[:halfMAC]...)
	return seal.Secret(base64.RawURLEncoding.EncodeToString(raw))
}

// unseal returns what a token says, if from may press it in chat.
func (b *Bot) unseal(token seal.Secret, from User, chat Chat) (string, error) {
	raw, err := strictly.DecodeString(token.Reveal())
	if err != nil || len(raw) <= tailSize || len(token) > maxToken || strings.ContainsAny(token.Reveal(), "\r\n") {
		return "", errForged
	}
	signed := string(raw[:len(raw)-2*halfMAC])
	ours, theirs := raw[len(signed):len(signed)+halfMAC], raw[len(signed)+halfMAC:]
	if !b.keys.Signed(ours, oursLabel, from.Platform, signed) {
		return "", errForged
	}
	if !b.keys.Signed(theirs, theirsLabel, from.Platform, signed, from.Key()) &&
		!b.keys.Signed(theirs, theirsLabel, from.Platform, signed, chatScope(chat)) {
		return "", errNotYours
	}
	what := signed[:len(signed)-expirySize]
	if until := binary.BigEndian.Uint32([]byte(signed[len(what):])); time.Now().Unix()/60 >= int64(until) {
		return "", errTooOld
	}
	return what, nil
}

// open returns the action of a token that from pressed in chat. One that is
// good for one press is taken by it. Its errors are errForged, errNotYours and
// errTooOld, or the store's.
func (b *Bot) open(ctx context.Context, token seal.Secret, from User, chat Chat) (stored, error) {
	what, err := b.unseal(token, from, chat)
	if err != nil {
		return stored{}, err
	}
	if id, ok := strings.CutPrefix(what, inStore); ok {
		return b.storedAction(ctx, "action:"+base64.RawURLEncoding.EncodeToString([]byte(id)))
	}
	return unpack(what), nil
}

// pack writes an action into a token, if it fits.
func (s stored) pack() (string, bool) {
	if s.Once || s.Values != nil || s.Inputs != nil || s.Name == "" {
		return "", false
	}
	parts := append([]string{s.Name}, s.Args...)
	head := ""
	if s.Picked != nil {
		head, parts = isPick, append(parts, *s.Picked)
	}
	if slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(p, between) }) {
		return "", false
	}
	what := head + strings.Join(parts, between)
	return what, len(what) <= maxWhat
}

// unpack is the inverse of pack.
func unpack(what string) stored {
	what, pick := strings.CutPrefix(what, isPick)
	parts := strings.Split(what, between)
	s := stored{Name: parts[0], Args: parts[1:]}
	if last := len(s.Args) - 1; pick && last >= 0 {
		s.Picked, s.Args = &s.Args[last], s.Args[:last]
	}
	return s
}

// storeAction puts an action into a note and returns what points there.
func (b *Bot) storeAction(ctx context.Context, s stored, until time.Time) (string, error) {
	id := make([]byte, 16)
	rand.Read(id)
	name := "action:" + base64.RawURLEncoding.EncodeToString(id)
	if err := b.putSealed(ctx, name, s, until); err != nil {
		return "", fmt.Errorf("store action: %w", err)
	}
	return inStore + string(id), nil
}

func (b *Bot) storedAction(ctx context.Context, name string) (stored, error) {
	var s stored
	err := b.getSealed(ctx, name, &s)
	if err == nil && s.Once {
		_, err = b.store.TakeNote(ctx, name)
	}
	if errors.Is(err, store.ErrNotFound) {
		return s, errTooOld
	}
	return s, err
}

// offered reports whether values are among those that a select offered, and as
// many as it wanted.
func (s stored) offered(values []string) bool {
	if s.Values == nil {
		return len(values) == 0
	}
	if len(values) < s.Min || len(values) > max(s.Max, 1) {
		return false
	}
	for i, v := range values {
		if !slices.Contains(s.Values, v) || slices.Contains(values[:i], v) {
			return false
		}
	}
	return true
}

// putSealed keeps v in a note that only this bot can read.
func (b *Bot) putSealed(ctx context.Context, name string, v any, until time.Time) error {
	blob, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %T: %w", v, err)
	}
	return b.store.PutNote(ctx, name, b.keys.Seal(blob, store.InNote, name, ""), until)
}

func (b *Bot) getSealed(ctx context.Context, name string, v any) error {
	blob, err := b.store.Note(ctx, name)
	if err != nil {
		return err
	}
	if blob, err = b.keys.Open(blob, store.InNote, name, ""); err != nil {
		return fmt.Errorf("open note: %w", err)
	}
	return json.Unmarshal(blob, v)
}
