package authtest

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// device is one device authorization, RFC 8628, found by its device code.
type device struct {
	at        Endpoint // where its tokens are
	client    Client
	userCode  string // as normalise leaves it
	shown     string // as people see it
	scopes    []string
	challenge string // PKCE; empty: none
	expires   time.Time
	interval  time.Duration
	asked     time.Time     // the last poll, at first the start
	decided   chan struct{} // closed when a person has
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

// deviceAt is the device authorization endpoint, RFC 8628 section 3.1, for codes
// that the token endpoint at takes. shape, which may be nil, makes the answer a
// vendor's.
func (s *Server) deviceAt(at Endpoint, shape func(*deviceAnswer)) http.HandlerFunc {
	return s.form(func(c Client, f url.Values) (any, error) { return s.beginDevice(at, shape, c, f) })
}

func (s *Server) beginDevice(at Endpoint, shape func(*deviceAnswer), c Client, f url.Values) (any, error) {
	if c.NoDevice {
		return nil, refuse("unauthorized_client", "this client may not use the device flow")
	}
	challenge, err := s.deviceChallenge(f)
	if err != nil {
		return nil, err
	}
	code, d := s.newDevice(at, c, strings.Fields(f.Get("scope")))
	d.challenge = challenge
	a := s.deviceAnswer(code, d)
	if shape != nil {
		shape(&a)
	}
	return a, nil
}

// newDevice keeps a new authorization, which waits for a person from now on.
func (s *Server) newDevice(at Endpoint, c Client, scopes []string) (code string, d *device) {
	now, typed := time.Now(), s.newUserCode()
	d = &device{
		at: at, client: c, userCode: typed, shown: typed[:4] + "-" + typed[4:], scopes: scopes,
		expires: now.Add(s.opt.CodeLifetime), interval: s.opt.Interval, asked: now, decided: make(chan struct{}),
	}
	code = newCode()
	s.devices[digestOf(code)] = d
	s.typed[d.userCode] = d
	s.queue = append(s.queue, d)
	return code, d
}

type deviceAnswer struct {
	DeviceCode string `json:"device_code"`
	UserCode   string `json:"user_code"`
	URI        string `json:"verification_uri,omitempty"`
	URL        string `json:"verification_url,omitempty"` // Google
	Message    string `json:"message,omitempty"`          // Microsoft
	Complete   string `json:"verification_uri_complete,omitempty"`
	ExpiresIn  int    `json:"expires_in"`
	Interval   int    `json:"interval"`
}

func (s *Server) deviceAnswer(code string, d *device) deviceAnswer {
	a := deviceAnswer{
		DeviceCode: code,
		UserCode:   d.shown,
		URI:        s.URL() + pagePath,
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

// words are what a vendor says to a poll that it gives no tokens.
type words map[standing]refusal

// standardWords are those of RFC 8628 section 3.5 and RFC 6749 section 5.2.
func standardWords() words {
	return words{
		unknown:  refuse("invalid_grant", "unknown device code"),
		used:     refuse("invalid_grant", "the device code was used before; its tokens are revoked"),
		unproven: refuse("invalid_grant", "code_verifier does not match the challenge"),
		expired:  refuse("expired_token", "the device code has expired"),
		early:    refuse("slow_down", ""),
		refused:  refuse("access_denied", "the person refused"),
		pending:  refuse("authorization_pending", ""),
	}
}

// with replaces some words by others, which come with a status.
func (w words) with(status int, other map[standing]string) words {
	for is, code := range other {
		w[is] = refusal{status: status, code: code, text: w[is].text}
	}
	return w
}

// redeemDevice is one poll, RFC 8628 sections 3.4 and 3.5.
func (s *Server) redeemDevice(at Endpoint, polls words, c Client, f url.Values) (any, error) {
	d, is := s.poll(at, c, f.Get("device_code"), f.Get("code_verifier"))
	if is != granted {
		return nil, polls[is]
	}
	return s.issue(d.grant, d.grant.scopes), nil
}

// standing is what a poll finds; each dialect has its words for it.
type standing int

const (
	unknown standing = iota
	used
	unproven
	expired
	early
	refused
	pending
	granted // the device has its grant then
)

// poll is one poll in any dialect. The pace comes before the decision, as at
// GitHub: whoever asks too fast learns nothing.
func (s *Server) poll(at Endpoint, c Client, code, verifier string) (*device, standing) {
	d, now := s.devices[digestOf(code)], time.Now()
	switch {
	case d == nil || d.at != at || d.client.ID != c.ID:
		return nil, unknown
	case d.grant != nil:
		d.grant.dead = true
		return d, used
	case !proven(d.challenge, verifier):
		return d, unproven
	case !now.Before(d.expires):
		return d, expired
	}
	fast := now.Before(d.asked.Add(d.interval))
	d.asked = now
	switch {
	case fast:
		d.interval += 5 * time.Second // for this and all later polls
		return d, early
	case d.state == denied:
		return d, refused
	case d.state == undecided:
		return d, pending
	}
	d.grant = s.newGrant(at, d.client, d.user, d.scopes)
	return d, granted
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

// normalise undoes what people do to a code: lower case, spaces, dashes of any kind.
func normalise(typed string) string {
	return strings.Map(func(r rune) rune {
		if r < 'A' || r > 'Z' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
}
