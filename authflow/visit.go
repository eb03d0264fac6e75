package authflow

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// A login in a browser is in three places: a link of ours that only its person
// gets, the provider, and the link by which the browser comes back. Between them
// nothing is in memory: the row has hashes to be found by, the browser has a proof.
//
//	link    the row's Start is its hash; it leads to a page that starts nothing
//	leave   the button on that page: the browser gets a proof, and goes to the
//	        provider with the challenge of that proof as its state
//	return  takes the state's hash from the row, once, and redeems the code
//
// So a state is of use to the one browser that has seen the page. From the token
// on, the engine goes on, in whatever process.

const (
	startPath    = "/oauth/start/"
	callbackPath = "/oauth/callback/"
	mostLeaves   = 20              // of one login
	lookFor      = 5 * time.Second // how long a browser waits for the engine
	lookEvery    = 100 * time.Millisecond
	insistFor    = 20 * time.Second // how long a browser waits for a step that the store does not take
)

// errTooMany is returned to browsers that leave again and again.
var errTooMany = errors.New("the link was used too often")

// startLink makes the link for a person, and what the row knows of it.
func (l *Logins) startLink() (show Show, hash []byte) {
	secret := newVerifier().Reveal()
	return Show{URL: l.public + startPath + secret}, hashOf(secret)
}

// redirectURI is where a provider sends browsers back to: one address each, so that
// no answer can be taken for another provider's (RFC 9700 section 4.4.2). Empty:
// there is none.
func (l *Logins) redirectURI(p Provider) string {
	if l.public == "" {
		return ""
	}
	return l.public + callbackPath + p.Name
}

// hashOf is what a row has of a link or a state. Both are too random to be guessed,
// so that no key is needed.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// isProof reports whether text can be a link's secret, a proof or a state.
func isProof(text string) bool {
	b, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && len(b) == verifierSize
}

// started returns the login that a link leads to, or store.ErrNotFound.
func (l *Logins) started(ctx context.Context, secret string) (store.Login, error) {
	if !isProof(secret) {
		return store.Login{}, store.ErrNotFound
	}
	return l.store.StartedLogin(ctx, hashOf(secret))
}

// leave sends a browser to the provider of a waiting login. It begins the flow anew:
// a browser that left before cannot come back any more.
func (l *Logins) leave(ctx context.Context, row store.Login) (to string, proof seal.Secret, err error) {
	p, flow, err := l.flowOf(row)
	if err != nil {
		return "", "", err
	}
	s, err := l.openSecrets(row)
	if err != nil {
		return "", "", err
	}
	if s.Leaves++; s.Leaves > mostLeaves {
		return "", "", errTooMany
	}
	proof = newVerifier()
	state := challenge(proof)
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	g, err := flow.Begin(ctx, l.http, Ask{Scopes: s.Scopes, RedirectURI: l.redirectURI(p), State: state})
	if err == nil {
		g.Show, err = p.checkShow(g.Show)
	}
	if err != nil {
		return "", "", fmt.Errorf("send a browser to %s: %w", p.Name, err)
	}
	s.Secret = []byte(g.Secret.Reveal())
	if err := l.store.SetBack(ctx, row.ID, string(Waiting), hashOf(state), l.sealSecrets(row, s)); err != nil {
		return "", "", fmt.Errorf("send a browser to %s: %w", p.Name, err)
	}
	return g.Show.URL, proof, nil
}

// proves reports whether proof is that of the browser that left with state.
func proves(proof, state string) bool {
	return isProof(proof) && subtle.ConstantTimeCompare([]byte(challenge(seal.Secret(proof))), []byte(state)) == 1
}

// comeBack goes on with a login whose browser has come back with its proof. ctx may
// end with the browser's patience; what was begun is not given up then. It returns
// store.ErrNotFound unless the browser is the last that left, and the first to come
// back with its state.
func (l *Logins) comeBack(ctx context.Context, provider, id string, back url.Values) error {
	row, err := l.store.Login(ctx, id)
	if err == nil && row.Provider != provider { // another provider's answer
		err = store.ErrNotFound
	}
	if err != nil {
		return err
	}
	hash := hashOf(back.Get("state"))
	row, err = l.store.TakeBack(ctx, hash)
	if err == nil && (row.ID != id || row.State != string(Waiting)) {
		err = store.ErrNotFound
	}
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if err := l.redeem(ctx, row, hash, back); err != nil && !errors.Is(err, ErrEnded) {
		return err
	}
	return nil
}

// redeem asks the provider what a browser brought. A code can be used up by a
// request without an answer, so that there is no other try.
func (l *Logins) redeem(ctx context.Context, row store.Login, hash []byte, back url.Values) error {
	p, flow, err := l.flowOf(row)
	if err != nil {
		return err
	}
	s, err := l.openSecrets(row)
	if err != nil {
		return err
	}
	var a Answer
	become := func(t Token, d decision) error {
		ctx, cancel := context.WithTimeout(ctx, insistFor)
		defer cancel()
		return l.insist(ctx, row.ID, p, t, d)
	}
	l.request(ctx, p.Name, func(ctx context.Context) { a, err = flow.Next(ctx, l.http, s.grant(), back) })
	log := l.log.With("login", row.ID, "provider", p.Name)
	switch {
	case err != nil:
		log.Warn("provider did not answer a browser's return", "error", err)
		return become(Token{}, broken(Failed, Unreached))
	case a.State == Denied:
		return become(Token{}, broken(Denied, ""))
	case a.State != Granted || a.Token == nil:
		log.Warn("provider refused a browser's return", "error", a.Err)
		return become(Token{}, broken(Failed, whyFailed(a.Err)))
	}
	return become(*a.Token, l.granted(*a.Token, time.Now(), hash))
}

// broken is an end that a browser brought back.
func broken(to State, why Why) decision {
	return func(row store.Login, o *origin) (store.Change, error) {
		if row.State != string(Waiting) {
			return store.Change{}, ErrEnded
		}
		o.Why = why
		return store.Change{State: string(to), Ended: true}, nil
	}
}

// outcome is how a login stands for the browser that came back with state: once the
// engine has found out whose the token is, or does not soon.
func (l *Logins) outcome(ctx context.Context, id, state string) (store.Login, secrets, error) {
	for patience := time.Now().Add(lookFor); ; {
		row, err := l.store.Login(ctx, id)
		if err != nil || !row.Ended.IsZero() {
			return row, secrets{}, err
		}
		s, err := l.openSecrets(row)
		if err == nil && row.State != string(Waiting) && subtle.ConstantTimeCompare(s.Back, hashOf(state)) == 0 {
			err = store.ErrNotFound // another browser did
		}
		if err != nil || row.State != string(Granted) || time.Now().After(patience) {
			return row, s, err
		}
		if err := pause(ctx, lookEvery); err != nil {
			return row, s, err
		}
	}
}

// flowOf returns the provider and the flow of a login.
func (l *Logins) flowOf(row store.Login) (Provider, Flow, error) {
	p, err := l.Provider(row.Provider)
	if err != nil {
		return p, nil, err
	}
	flow := p.flow(row.Kind)
	if flow == nil {
		return p, nil, fmt.Errorf("%w: %s no longer has %s", ErrFlowOff, p.Name, row.Kind)
	}
	return p, flow, nil
}
