package authflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/core/replica"
	"github.com/usherbot/usher/core/seal"
	"github.com/usherbot/usher/core/store"
)

// Options are what New needs.
type Options struct {
	Store     store.Store
	Keys      seal.Keys
	Providers []Provider
	PublicURL string       // leads to ServeHTTP from outside, without the slash at its end; empty: no logins in browsers
	HTTP      *http.Client // reaches providers; nil: a client of its own
	Log       *slog.Logger // nil: slog.Default
}

// ErrEnded is returned for a login that is not, or no more, in a state in which
// it can be cancelled or confirmed. Core shows the person how it stands.
var ErrEnded = errors.New("the login has ended")

// ErrMoved is returned for a card of a login that has another one by now.
var ErrMoved = errors.New("the card of the login is another")

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
	replica   *replica.Replica
	public    string  // Options.PublicURL
	pages     *pages  // for browsers
	starting  keyLock // by person and provider
	deciding  keyLock // by login: what takes it up, and what people decide about it
	engine    *engine
	outbox    chan struct{} // something was put into the outbox
	tallies   *tallies

	flights    flights
	refreshing chan struct{} // the next token may be due at another time
	errands    errands
	slots      map[string]chan struct{} // for the requests of errands, by provider
}

// New returns the logins of these providers. It asks nobody; Run does.
func New(o Options) *Logins {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	client := NewClient(o.HTTP)
	slots := map[string]chan struct{}{}
	for _, p := range o.Providers {
		slots[p.Name] = make(chan struct{}, perProvider)
	}
	l := &Logins{
		store: o.Store, keys: o.Keys, http: client, transport: client.Transport.(mannered).over, log: o.Log,
		providers: slices.Clone(o.Providers), replica: replica.New(o.Store, o.Log),
		starting: newKeyLock(), deciding: newKeyLock(),
		engine: newEngine(o.Providers), outbox: make(chan struct{}, 1), tallies: newTallies(o.Providers),
		flights: flights{now: map[string]*flight{}}, refreshing: make(chan struct{}, 1), slots: slots,
	}
	l.public = strings.TrimRight(o.PublicURL, "/")
	l.pages = newPages(l)
	return l
}

// Replica is this process as others see it. Run makes it live.
func (l *Logins) Replica() *replica.Replica { return l.replica }

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

// Keep notes that the card of an open login, as it was read, was shown, as the new
// origin says, and when it must move. ErrEnded means that the login has ended
// meanwhile, and ErrMoved that its origin is another: its end is told there.
func (l *Logins) Keep(ctx context.Context, login Login, origin []byte, wake time.Time) error {
	return l.keep(ctx, login, origin, wake, true)
}

// Reshow notes that the card of an open login, as it was read, is to be shown anew, as
// the new origin says: it is told of should this process end before Keep. It returns
// the login with that origin, or the errors of Keep.
func (l *Logins) Reshow(ctx context.Context, login Login, origin []byte, wake time.Time) (Login, error) {
	if err := l.keep(ctx, login, origin, wake, false); err != nil {
		return login, err
	}
	login.Moved, login.Origin, login.Shown = login.Origin, origin, false
	return login, nil
}

func (l *Logins) keep(ctx context.Context, login Login, core []byte, wake time.Time, shown bool) error {
	for {
		row, o, err := l.open(ctx, login.ID)
		switch {
		case err != nil:
			return err
		case !bytes.Equal(o.Core, login.Origin):
			return ErrMoved
		}
		if o.Core, o.Moved = core, login.Origin; shown {
			o.Moved = nil
		}
		err = l.store.KeepLogin(ctx, row.ID, row.Origin, l.sealOrigin(row, o), wake, shown)
		if errors.Is(err, store.ErrStale) {
			continue // it ended, or its origin is another by now
		}
		if err != nil {
			return fmt.Errorf("keep login %s: %w", row.ID, err)
		}
		l.engine.wake(row.ID, wake)
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

// decide takes a step that the person wants, while the engine keeps away.
func (l *Logins) decide(ctx context.Context, id string, d decision) (Login, error) {
	unlock, err := l.deciding.lock(ctx, id)
	if err != nil {
		return Login{}, err
	}
	defer unlock()
	e, release, err := l.engine.hold(ctx, id)
	if err != nil {
		return Login{}, err
	}
	login, err := l.change(ctx, id, d)
	if err == nil {
		if e != nil && login.State.Open() && login.State != e.state() {
			e.stale = true
			l.later(e, time.Now())
		}
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
// only, or stays as it is. The decision is made anew when the row changed under it.
func (l *Logins) change(ctx context.Context, id string, decide decision) (Login, error) {
	for {
		row, o, err := l.open(ctx, id)
		if err != nil {
			return Login{}, err
		}
		who := o.Who
		c, err := decide(row, &o)
		if err == nil && c.Owner != "" && c.Owner != row.Owner {
			err = ErrEnded // for this process
		}
		if err != nil {
			return Login{}, err
		}
		left, err := l.leftover(ctx, row, who, &c)
		if err != nil {
			return Login{}, err
		}
		if o.Dropped {
			if o.Revoked, err = l.discardable(ctx, left); err != nil {
				return Login{}, err
			}
		}
		c.ID, c.From, c.Was, c.Origin = row.ID, row.State, row.Origin, l.sealOrigin(row, o)
		if c.State != string(Granted) && c.State != row.State {
			c.Tell = l.tellOf(row)
		}
		err = l.store.ChangeLogin(ctx, c)
		if errors.Is(err, store.ErrStale) {
			continue // the next look says how
		}
		if err != nil {
			return Login{}, fmt.Errorf("change login %s: %w", id, err)
		}
		l.engine.wrote(id)
		if c.Ended {
			l.tallies.of(row.Provider).ended[State(c.State)].Add(1)
		}
		l.log.Info("login "+c.State, "login", id, "provider", row.Provider, "why", string(o.Why))
		l.tellSoon()
		l.refreshSoon()
		l.discard(ctx, left)
		row.State, row.Sealed, row.Origin = c.State, c.Sealed, c.Origin
		if !c.Expires.IsZero() {
			row.Expires = c.Expires
		}
		return l.view(row)
	}
}
