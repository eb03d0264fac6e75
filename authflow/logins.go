package authflow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// Options are what New needs.
type Options struct {
	Store     store.Store
	Keys      seal.Keys
	Providers []Provider
	HTTP      *http.Client // reaches providers; nil: a client of its own
	Log       *slog.Logger // nil: slog.Default
}

// How many logins may be started in startSpan, counted by rows. They keep a bot
// from being used to flood people with codes, or a provider with requests.
const (
	startSpan         = 10 * time.Minute
	startsPerPerson   = 3
	startsPerPlace    = 30
	startsPerProvider = 600
)

// LimitError says that too many logins were started. Core tells the person when
// the next may be.
type LimitError struct{ Again time.Time }

func (e *LimitError) Error() string {
	return "too many logins started; again at " + e.Again.UTC().Format(time.RFC3339)
}

// ErrEnded is returned for a login that is not, or no more, in a state in which
// it can be cancelled or confirmed. Core shows the person how it stands.
var ErrEnded = errors.New("the login has ended")

// ErrNoProvider is returned for a provider that is not offered.
var ErrNoProvider = errors.New("no such provider")

// Logins starts, polls and ends logins.
type Logins struct {
	store     store.Store
	keys      seal.Keys
	http      *http.Client
	transport http.RoundTripper // under http, for requests in a person's name
	log       *slog.Logger
	providers []Provider
	owner     string  // this process, new at every start
	starting  keyLock // by person and provider
	deciding  keyLock // by login: what takes it up, and what people decide about it
	engine    *engine
	outbox    chan struct{} // something was put into the outbox
}

// New returns the logins of these providers. It asks nobody; Run does.
func New(o Options) *Logins {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	client := NewClient(o.HTTP)
	return &Logins{
		store: o.Store, keys: o.Keys, http: client, transport: client.Transport.(mannered).over, log: o.Log,
		providers: slices.Clone(o.Providers), owner: store.NewID(),
		starting: newKeyLock(), deciding: newKeyLock(),
		engine: newEngine(o.Providers), outbox: make(chan struct{}, 1),
	}
}

// Providers returns the providers, in the order in which they were given.
func (l *Logins) Providers() []Provider { return slices.Clone(l.providers) }

// Provider returns the provider of a name, or ErrNoProvider.
func (l *Logins) Provider(name string) (Provider, error) {
	for _, p := range l.providers {
		if p.Name == name {
			return p, nil
		}
	}
	return Provider{}, ErrNoProvider
}

// Start is what to start a login with.
type Start struct {
	Person   string    // who, as in store.People
	Provider string    // where
	Scopes   []string  // at least these, beside the provider's own
	Place    string    // the chat's key, to count by
	Origin   []byte    // comes back in Login.Origin
	Wake     time.Time // tell is called then if the login is still open; zero: never
}

// Start begins a login, or moves the one that the person has open at that
// provider here, when it asks for as much: then Moved is the origin it had. It
// asks the provider once, for up to ten seconds.
//
// Its errors: *LimitError, ErrNoProvider, ErrFlowOff, ErrSetup, an *OAuthError
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
	if s.Scopes, err = l.wanted(ctx, s); err != nil {
		return Login{}, err
	}
	moved, err := l.move(ctx, s)
	if err != nil || moved.ID != "" {
		return moved, err
	}
	if err := l.allow(ctx, s); err != nil {
		return Login{}, err
	}
	return l.begin(ctx, p, s)
}

// wanted is what a login asks for: also what an earlier one was granted, so that
// a new scope does not lose the old ones.
func (l *Logins) wanted(ctx context.Context, s Start) ([]string, error) {
	a, err := l.store.Account(ctx, s.Person, s.Provider)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return union(s.Scopes, nil), nil
	case err != nil:
		return nil, fmt.Errorf("read account: %w", err)
	}
	return union(s.Scopes, a.Scopes), nil
}

// move brings the person's open login at that provider here, if there is one and
// it asks for as much.
func (l *Logins) move(ctx context.Context, s Start) (Login, error) {
	login, err := l.openAt(ctx, s.Person, s.Provider)
	if err != nil || login.ID == "" || login.State == Waiting && len(missing(s.Scopes, login.Scopes)) > 0 {
		return Login{}, err
	}
	switch err := l.keep(ctx, login.ID, s.Origin, s.Wake, false); {
	case errors.Is(err, ErrEnded): // just now
		return Login{}, nil
	case err != nil:
		return Login{}, err
	}
	login.Moved, login.Origin, login.Shown = login.Origin, s.Origin, false
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
func (l *Logins) allow(ctx context.Context, s Start) error {
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
	check(n.Provider, startsPerProvider)
	if !again.IsZero() {
		return &LimitError{Again: again}
	}
	return nil
}

// place is what a chat is counted by: nothing that tells which chat it is.
func (l *Logins) place(s Start) string {
	return fmt.Sprintf("%x", l.keys.MAC("place", s.Place)[:16])
}

// begin asks the provider for a code and makes the row, before anybody sees it.
func (l *Logins) begin(ctx context.Context, p Provider, s Start) (Login, error) {
	flow, g, err := l.ask(ctx, p, s.Scopes)
	if err != nil {
		return Login{}, fmt.Errorf("ask %s for a code: %w", p.Name, err)
	}
	now := time.Now()
	row := store.Login{
		ID: store.NewID(), Person: s.Person, Provider: p.Name, Kind: flow.Name(), State: string(Waiting),
		Place: l.place(s), Interval: g.Every, Expires: g.Expires, Due: now.Add(g.pace()), Wake: s.Wake,
		Created: now, Owner: l.owner,
	}
	row.Sealed = l.sealSecrets(row, revealGrant(g, nil, time.Time{}))
	row.Origin = l.sealOrigin(row, origin{Scopes: g.Scopes, Core: s.Origin})
	unlock, err := l.deciding.lock(ctx, row.ID) // from the row's first moment others can cancel it
	if err != nil {
		return Login{}, err
	}
	defer unlock()
	if moved, err := l.insert(ctx, s, row); err != nil || moved.ID != "" {
		return moved, err
	}
	l.log.Info("login started", "login", row.ID, "provider", p.Name, "flow", row.Kind)
	l.engine.add(&entry{row: row, provider: p, flow: flow, turn: turn{State: Waiting, Grant: g}, due: row.Due, wake: row.Wake})
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

// ask begins the first of the provider's flows that is not switched off.
func (l *Logins) ask(ctx context.Context, p Provider, scopes []string) (Flow, Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := fmt.Errorf("%w: it has none", ErrFlowOff)
	for _, flow := range p.Flows {
		var g Grant
		if g, err = flow.Begin(ctx, l.http, Ask{Scopes: scopes}); err == nil {
			g.Show, err = p.checkShow(g.Show)
			return flow, g, err
		}
		if !errors.Is(err, ErrFlowOff) {
			break
		}
	}
	return nil, Grant{}, err
}

// checkShow refuses a link that a person must not follow. A link with the code
// in it is only left out.
func (p Provider) checkShow(s Show) (Show, error) {
	if !p.trusts(s.URL) {
		return Show{}, errors.New("the verification link does not point to the provider")
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

// Open returns the open logins of a person, oldest first.
func (l *Logins) Open(ctx context.Context, person string) ([]Login, error) {
	rows, err := l.store.OpenLogins(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("read open logins: %w", err)
	}
	var out []Login
	for _, row := range rows {
		login, err := l.view(row)
		if err != nil {
			return nil, err
		}
		out = append(out, login)
	}
	return out, nil
}

// Login returns a login as it stands, ended or not, or store.ErrNotFound.
func (l *Logins) Login(ctx context.Context, id string) (Login, error) {
	row, err := l.store.Login(ctx, id)
	if err != nil {
		return Login{}, fmt.Errorf("read login %s: %w", id, err)
	}
	return l.view(row)
}

// Keep notes that the card of an open login was shown, as the new origin says,
// and when it must move. ErrEnded means that the login has ended meanwhile: its
// end is told to the origin that it had.
func (l *Logins) Keep(ctx context.Context, id string, origin []byte, wake time.Time) error {
	return l.keep(ctx, id, origin, wake, true)
}

func (l *Logins) keep(ctx context.Context, id string, core []byte, wake time.Time, shown bool) error {
	for {
		row, o, err := l.open(ctx, id)
		if err != nil {
			return err
		}
		o.Core = core
		err = l.store.KeepLogin(ctx, id, row.Origin, l.sealOrigin(row, o), wake, shown)
		if errors.Is(err, store.ErrStale) {
			continue // it ended, or its origin is another by now
		}
		if err != nil {
			return fmt.Errorf("keep login %s: %w", id, err)
		}
		l.engine.wake(id, wake)
		return nil
	}
}

// Cancel ends an open login because its person wants so. A request under way is
// ended with it; a token that was granted is forgotten.
func (l *Logins) Cancel(ctx context.Context, id string) (Login, error) {
	return l.end(ctx, id, "")
}

// Disown ends a login whose person says that the account is not theirs. An
// earlier link stays.
func (l *Logins) Disown(ctx context.Context, id string) (Login, error) {
	return l.end(ctx, id, NotMine)
}

func (l *Logins) end(ctx context.Context, id string, why Why) (Login, error) {
	return l.decide(ctx, id, func(row store.Login, o *origin) (store.Change, error) {
		o.Why, o.Dropped, o.Who = why, row.State != string(Waiting), Identity{}
		return store.Change{State: string(Cancelled), Ended: true}, nil
	})
}

// Confirm links a login whose person said that the account is theirs.
func (l *Logins) Confirm(ctx context.Context, id string) (Login, error) {
	return l.decide(ctx, id, func(row store.Login, o *origin) (store.Change, error) {
		if row.State != string(Confirming) {
			return store.Change{}, ErrEnded
		}
		s, err := l.openSecrets(row)
		if err != nil {
			return store.Change{}, err
		}
		return l.linked(row, o.Who, s.Token.token()), nil
	})
}

// decide takes a step that the person wants, while the engine keeps away.
func (l *Logins) decide(ctx context.Context, id string, d decision) (Login, error) {
	unlock, err := l.deciding.lock(ctx, id)
	if err != nil {
		return Login{}, err
	}
	defer unlock()
	release, err := l.engine.hold(ctx, id)
	if err != nil {
		return Login{}, err
	}
	login, err := l.change(ctx, id, d)
	if err == nil {
		release(login.State.Open())
		return login, nil
	}
	_, _, gone := l.open(ctx, id)
	release(!errors.Is(gone, ErrEnded))
	return login, err
}

// open reads an open login, or returns ErrEnded.
func (l *Logins) open(ctx context.Context, id string) (store.Login, origin, error) {
	row, err := l.store.Login(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !row.Ended.IsZero() {
		return row, origin{}, ErrEnded
	}
	if err != nil {
		return row, origin{}, fmt.Errorf("read login %s: %w", id, err)
	}
	o, err := l.openOrigin(row)
	return row, o, err
}

// decision is what becomes of an open login, given its row and what is known of
// it, to which it may add. ErrEnded: nothing, it is too late.
type decision func(store.Login, *origin) (store.Change, error)

// change takes a step of an open login, and has it told unless it was granted
// only. The decision is made anew when the row changed under it.
func (l *Logins) change(ctx context.Context, id string, decide decision) (Login, error) {
	for {
		row, o, err := l.open(ctx, id)
		if err != nil {
			return Login{}, err
		}
		c, err := decide(row, &o)
		if err == nil && c.Owner != "" && c.Owner != row.Owner {
			err = ErrEnded // for this process
		}
		if err != nil {
			return Login{}, err
		}
		c.ID, c.From, c.Was, c.Origin = row.ID, row.State, row.Origin, l.sealOrigin(row, o)
		if c.State != string(Granted) {
			c.Tell = l.tellOf(row)
		}
		err = l.store.ChangeLogin(ctx, c)
		if errors.Is(err, store.ErrStale) {
			continue // the next look says how
		}
		if err != nil {
			return Login{}, fmt.Errorf("change login %s: %w", id, err)
		}
		l.log.Info("login "+c.State, "login", id, "provider", row.Provider, "why", string(o.Why))
		l.tellSoon()
		row.State, row.Sealed, row.Origin = c.State, c.Sealed, c.Origin
		if !c.Expires.IsZero() {
			row.Expires = c.Expires
		}
		return l.view(row)
	}
}

// jitter spreads the first requests after a start over one more interval.
func jitter(every time.Duration) time.Duration {
	return every + rand.N(max(every, time.Millisecond))
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

// keyLock is a lock per key that gives up with its caller's context.
type keyLock struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

func newKeyLock() keyLock { return keyLock{held: map[string]chan struct{}{}} }

func (k *keyLock) lock(ctx context.Context, key string) (unlock func(), err error) {
	for {
		k.mu.Lock()
		free, taken := k.held[key]
		if !taken {
			free = make(chan struct{})
			k.held[key] = free
			k.mu.Unlock()
			return func() {
				k.mu.Lock()
				delete(k.held, key)
				k.mu.Unlock()
				close(free)
			}, nil
		}
		k.mu.Unlock()
		select {
		case <-free:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
