package authtest

import (
	"crypto/rand"
	"net/url"
	"strings"
	"time"
)

// device is one device authorization, RFC 8628, found by its device code.
type device struct {
	client    Client
	userCode  string // as normalise leaves it
	scopes    []string
	challenge string // PKCE; empty: none
	expires   time.Time
	interval  time.Duration
	asked     time.Time // the last poll, at first the start
	state     decision
	user      User   // once approved
	grant     *grant // once the tokens were fetched
}

type decision int

const (
	undecided decision = iota
	approved
	denied
)

func (d *device) waits(now time.Time) bool { return d.state == undecided && now.Before(d.expires) }

// beginDevice is the device authorization endpoint, RFC 8628 section 3.1.
func (s *Server) beginDevice(c Client, f url.Values) (any, error) {
	challenge, err := s.deviceChallenge(f)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	d := &device{
		client: c, userCode: s.newUserCode(), scopes: strings.Fields(f.Get("scope")), challenge: challenge,
		expires: now.Add(s.opt.CodeLifetime), interval: s.opt.Interval, asked: now,
	}
	code := newCode()
	s.devices[digestOf(code)] = d
	s.typed[d.userCode] = d
	s.queue = append(s.queue, d)
	return s.deviceAnswer(code, d), nil
}

type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri"`
	Complete   string `json:"verification_uri_complete,omitempty"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

func (s *Server) deviceAnswer(code string, d *device) deviceAnswer {
	a := deviceAnswer{
		DeviceCode: code,
		UserCode:   shown(d.userCode),
		URI:        s.issuer + pagePath,
		ExpiresIn:  int(s.opt.CodeLifetime / time.Second),
		Interval:   int(s.opt.Interval / time.Second),
	}
	if !s.opt.NoComplete {
		a.Complete = a.URI + "?user_code=" + a.UserCode
	}
	return a
}

func (s *Server) deviceChallenge(f url.Values) (string, error) {
	challenge, method := f.Get("code_challenge"), f.Get("code_challenge_method")
	switch {
	case challenge == "" && method == "":
		if s.opt.PKCE == PKCERequired {
			return "", refuse("invalid_request", "Missing parameter: code_challenge_method")
		}
	case s.opt.PKCE == PKCERefused:
		return "", refuse("invalid_request", "unknown parameter: code_challenge")
	case !goodChallenge(challenge, method):
		return "", refuse("invalid_request", "code_challenge must be that of S256")
	}
	return challenge, nil
}

// redeemDevice is one poll, RFC 8628 sections 3.4 and 3.5. The pace comes
// before the decision, as at GitHub: whoever asks too fast learns nothing.
func (s *Server) redeemDevice(c Client, f url.Values) (any, error) {
	d, now := s.devices[digestOf(f.Get("device_code"))], time.Now()
	switch {
	case d == nil || d.client.ID != c.ID:
		return nil, refuse("invalid_grant", "unknown device code")
	case d.grant != nil:
		d.grant.dead = true
		return nil, refuse("invalid_grant", "the device code was used before; its tokens are revoked")
	case !proven(d.challenge, f.Get("code_verifier")):
		return nil, refuse("invalid_grant", "code_verifier does not match the challenge")
	case !now.Before(d.expires):
		return nil, refuse("expired_token", "the device code has expired")
	}
	early := now.Before(d.asked.Add(d.interval))
	d.asked = now
	switch {
	case early:
		d.interval += 5 * time.Second // for this and all later polls
		return nil, refuse("slow_down", "")
	case d.state == denied:
		return nil, refuse("access_denied", "the person refused")
	case d.state == undecided:
		return nil, refuse("authorization_pending", "")
	}
	d.grant = s.newGrant(d.client, d.user, d.scopes)
	return s.issue(d.grant, d.grant.scopes), nil
}

// The alphabet of RFC 8628 section 6.1: no vowels, so no words.
const alphabet = "BCDFGHJKLMNPQRSTVWXZ"

// newUserCode makes eight letters that no other device has.
func (s *Server) newUserCode() string {
	var b [8]byte
	for {
		for i := range b {
			b[i] = letter()
		}
		if s.typed[string(b[:])] == nil {
			return string(b[:])
		}
	}
}

// letter takes bytes until one falls into a multiple of the alphabet's length, so that all are as likely.
func letter() byte {
	var b [1]byte
	for {
		rand.Read(b[:]) // never returns an error
		if int(b[0]) < 256/len(alphabet)*len(alphabet) {
			return alphabet[int(b[0])%len(alphabet)]
		}
	}
}

// shown is a user code as people see it: BCDF-GHJK.
func shown(code string) string { return code[:4] + "-" + code[4:] }

// normalise undoes what people do to a code: lower case, spaces, dashes of any kind.
func normalise(typed string) string {
	return strings.Map(func(r rune) rune {
		if r < 'A' || r > 'Z' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
}
