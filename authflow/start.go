package authflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/core/store"
)

// How many logins may be started in startSpan, counted by rows. They keep a bot
// from being used to flood people with codes, or a provider with requests.
const (
	startSpan         = 10 * time.Minute
	startsPerPerson   = 3
	startsPerPlace    = 30
	startsPerProvider = 600 // unless the Provider has another StartLimit
)

// LimitError says that too many logins were started. Core tells the person when
// the next may be.
type LimitError struct{ Again time.Time }

func (e *LimitError) Error() string {
	return "too many logins started; again at " + e.Again.UTC().Format(time.RFC3339)
}

// Start is what to start a login with.
type Start struct {
	Person   string    // who, as in store.People
	Provider string    // where
	Scopes   []string  // at least these, beside the provider's own
	Place    string    // the chat's key, to count by
	Asker    string    // who that is, for those who open a link in a browser: "alice on Chat"
	Origin   []byte    // comes back in Login.Origin
	Wake     time.Time // tell is called then if the login is still open; zero: never
}

// Start begins a login, or moves the one that the person has open at that
// provider here, when it asks for as much: then Moved is the origin it had. It
// asks the provider once, for up to ten seconds.
//
// Its errors: *LimitError, ErrNoProvider, ErrFlowOff, which is ErrNoPublicURL too
// where a browser could be used if there were one, ErrSetup, an *OAuthError
// when the provider refuses, and any other when it cannot be reached.
func (l *Logins) Start(ctx context.Context, s Start) (Login, error) {
	p, err := l.Provider(s.Provider)
	if err != nil {
		return Login{}, err
	}
	unlock, err := l.starting.lock(ctx, s.Person+" "+s.Provider)
	if err != nil {
		return Login{}, err
	}
	defer unlock()
	had, err := l.grants(ctx, s)
	if err != nil {
		return Login{}, err
	}
	s.Scopes = union(s.Scopes, had)
	moved, err := l.move(ctx, s)
	if err != nil || moved.ID != "" {
		return moved, err
	}
	if err := l.allow(ctx, p, s); err != nil {
		return Login{}, err
	}
	return l.begin(ctx, p, s, had)
}

// grants are the scopes that an earlier login was granted. They are asked for
// again, so that a new scope does not lose the old ones.
func (l *Logins) grants(ctx context.Context, s Start) ([]string, error) {
	a, err := l.store.Account(ctx, s.Person, s.Provider)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("read account: %w", err)
	}
	return a.Scopes, nil
}

// move brings the person's open login at that provider here, if there is one and
// it asks for as much.
func (l *Logins) move(ctx context.Context, s Start) (Login, error) {
	login, err := l.openAt(ctx, s.Person, s.Provider)
	if err != nil || login.ID == "" || login.State == Waiting && len(missing(s.Scopes, login.Scopes)) > 0 {
		return Login{}, err
	}
	login, err = l.Reshow(ctx, login, s.Origin, s.Wake)
	switch {
	case errors.Is(err, ErrEnded): // just now
		return Login{}, nil
	case errors.Is(err, ErrMoved):
		return l.move(ctx, s)
	case err != nil:
		return Login{}, err
	}
	return login, nil
}

// openAt returns the open login of a person at a provider, or none.
func (l *Logins) openAt(ctx context.Context, person, provider string) (Login, error) {
	open, err := l.Open(ctx, person)
	if err != nil {
		return Login{}, err
	}
	for _, login := range open {
		if login.Provider == provider {
			return login, nil
		}
	}
	return Login{}, nil
}

// allow refuses a start that is one too many.
func (l *Logins) allow(ctx context.Context, p Provider, s Start) error {
	// A millisecond, the precision of a store, less: at Again there is room.
	since := time.Now().Add(time.Millisecond - startSpan)
	n, err := l.store.CountStarts(ctx, since, s.Person, l.place(s), s.Provider)
	if err != nil {
		return fmt.Errorf("count starts: %w", err)
	}
	var again time.Time
	check := func(c store.Count, limit int) {
		if at := c.First.Add(startSpan); c.N >= limit && at.After(again) {
			again = at
		}
	}
	check(n.Person, startsPerPerson)
	check(n.Place, startsPerPlace)
	check(n.Provider, cmp.Or(p.StartLimit, startsPerProvider))
	if !again.IsZero() {
		return &LimitError{Again: again}
	}
	return nil
}

// place is what a chat is counted by: nothing that tells which chat it is. A new
// secret begins the count anew.
func (l *Logins) place(s Start) string {
	return fmt.Sprintf("%x", l.keys.MAC("place", s.Place)[:16])
}

// begin asks the provider for a code and makes the row, before anybody sees it.
func (l *Logins) begin(ctx context.Context, p Provider, s Start, had []string) (Login, error) {
	way, err := l.ask(ctx, p, s.Scopes)
	if err != nil {
		return Login{}, fmt.Errorf("ask %s for a code: %w", p.Name, err)
	}
	now, g := time.Now(), way.grant
	row := store.Login{
		ID: store.NewID(), Person: s.Person, Provider: p.Name, Kind: way.flow.Name(), State: string(Waiting),
		Place: l.place(s), Interval: g.Every, Expires: g.Expires, Due: g.due(now, g.pace(), g.pace()), Wake: s.Wake,
		Created: now, Owner: l.engine.owner(),
	}
	if g.Every == 0 { // it begins again when a browser leaves
		g.Show, row.Start = l.startLink()
		g.Secret = ""
	}
	row.Sealed = l.sealSecrets(row, revealGrant(g, nil, time.Time{}))
	row.Origin = l.sealOrigin(row, origin{Scopes: g.Scopes, Had: had, ByLink: g.Show.Code == "", NoCode: way.noCode, Asker: s.Asker, Core: s.Origin})
	unlock, err := l.deciding.lock(ctx, row.ID) // from the row's first moment others can cancel it
	if err != nil {
		return Login{}, err
	}
	defer unlock()
	if moved, err := l.insert(ctx, s, row); err != nil || moved.ID != "" {
		return moved, err
	}
	l.log.Info("login started", "login", row.ID, "provider", p.Name, "flow", row.Kind)
	l.engine.add(l.newEntry(row, l.engine.via(p, way.flow, row.Kind, g.Scopes), g), row.Owner)
	return l.view(row)
}

// insert makes the row of a new login. One that is open already is moved here,
// which is then the one to show, or replaced when it asks for less.
func (l *Logins) insert(ctx context.Context, s Start, row store.Login) (moved Login, err error) {
	for {
		err := l.store.AddLogin(ctx, row)
		switch {
		case err == nil:
			return Login{}, nil
		case !errors.Is(err, store.ErrOpen):
			return Login{}, fmt.Errorf("store login: %w", err)
		}
		if moved, err := l.move(ctx, s); err != nil || moved.ID != "" {
			return moved, err
		}
		if err := l.replace(ctx, s); err != nil {
			return Login{}, err
		}
	}
}

// replace ends an open login that asks for less than a new one does.
func (l *Logins) replace(ctx context.Context, s Start) error {
	login, err := l.openAt(ctx, s.Person, s.Provider)
	if err != nil || login.ID == "" {
		return err
	}
	if _, err := l.end(ctx, login.ID, Replaced); !errors.Is(err, ErrEnded) {
		return err
	}
	return nil
}

// begun is a flow that has begun.
type begun struct {
	flow   Flow
	grant  Grant
	noCode bool // the provider refused one that was tried before
}

// ask begins the first of the provider's flows that is not switched off.
func (l *Logins) ask(ctx context.Context, p Provider, scopes []string) (b begun, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	off := []error{fmt.Errorf("%w: %s", ErrFlowOff, p.Name)}
	for _, b.flow = range p.Flows {
		b.grant, err = b.flow.Begin(ctx, l.http, Ask{Scopes: scopes, RedirectURI: l.redirectURI(p)})
		if err == nil {
			b.grant.Show, err = p.checkShow(b.grant.Show)
		}
		if !errors.Is(err, ErrFlowOff) {
			return b, err
		}
		if _, refused := errors.AsType[*OAuthError](err); refused {
			l.log.Warn("provider refused a way to sign in", "provider", p.Name, "flow", b.flow.Name(), "error", err)
			b.noCode = true
		}
		off = append(off, err)
	}
	return begun{}, errors.Join(off...)
}

// checkShow refuses a link that a person must not follow, for the operator to look
// into. A link with the code in it is only left out.
func (p Provider) checkShow(s Show) (Show, error) {
	if !p.trusts(s.URL) {
		return Show{}, fmt.Errorf("%w: the link to sign in at, which points to %q, is not one by https to a host of the provider", ErrSetup, hostOf(s.URL))
	}
	if !p.trusts(s.FullURL) {
		s.FullURL = ""
	}
	return s, nil
}

func (p Provider) trusts(link string) bool {
	u, err := SecureURL(link)
	if err != nil {
		return false
	}
	return p.VerifyHosts == nil || slices.ContainsFunc(p.VerifyHosts, func(h string) bool { return strings.EqualFold(h, u.Host) })
}

// hostOf is the host of a link, which shows none of the rest.
func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Host
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// missing returns what of want is not in have.
func missing(want, have []string) []string {
	var out []string
	for _, s := range want {
		if !slices.Contains(have, s) {
			out = append(out, s)
		}
	}
	return out
}
