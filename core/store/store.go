// Package store says what must outlive a restart, and how it is reached.
//
// A person is who stands behind a chat user (People). A login is a row from the
// moment its code is shown until a day after its end was told (Logins). What it
// won is an account (Accounts). What still has to be told waits in the outbox
// (Outbox). Everything small that has a lifetime is a note: keys of events that
// were seen, stored actions, open questions (Notes). A process that works on all
// this has a lease (Replicas); once that has run out, others go on with its work. All that is sealed can be gone
// through and sealed anew, when the secret changes (Blobs).
//
// Each verb is one statement or one transaction, so that any number of processes
// may work on one database: what decides a race is the row, never the reader.
// Content arrives sealed; a store never sees a code or a token. The clock is the
// store's own; times have a precision of a millisecond, and the zero time means
// never.
//
// sqlstore keeps all of it in SQLite or PostgreSQL; storetest is the suite that every store
// passes.
package store

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"
)

// Errors with a meaning of their own. Verbs name those they return.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrOpen: this person already has an open login at this provider.
	ErrOpen = errors.New("a login is already open")
	// ErrStale: the row is no longer as the verb requires; somebody was faster.
	ErrStale = errors.New("no longer so")
)

// Store is everything that outlives a restart. It is safe for concurrent use.
type Store interface {
	People
	Logins
	Accounts
	Outbox
	Notes
	Replicas
	Blobs
	// Sweep removes what nobody can need any more: notes that ran out, and
	// logins that ended and were told a day ago. It is called now and then.
	Sweep(ctx context.Context) error
	// Close ends all use. Verbs called afterwards fail.
	Close() error
}

// NewID returns the id of a new row: 16 random bytes in 22 characters.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// People finds persons by the chat users that they are.
type People interface {
	// Person returns the id of the person behind a chat user and makes one at
	// first sight. team is the workspace that the user's id is scoped to.
	Person(ctx context.Context, platform, team, user string) (string, error)
	// Users returns the chat users that a person is, in no order.
	Users(ctx context.Context, person string) ([]ChatUser, error)
	// Members returns up to limit persons of a workspace, in no order.
	Members(ctx context.Context, platform, team string, limit int) ([]string, error)
	// Forget erases every row of a person, logins that are open included.
	Forget(ctx context.Context, person string) error
}

// ChatUser is somebody on a chat platform.
type ChatUser struct{ Platform, Team, User string }

// Login is one attempt to sign in. It is open until Ended is set.
type Login struct {
	ID, Person, Provider string
	Kind                 string // the flow's name
	State                string // authflow's word for it; stores only compare it
	Sealed               []byte // codes and tokens; empty once the login has ended
	Origin               []byte // sealed too: where it came from and what is said of it
	Place                string // a hash of the chat, to count by
	Start                []byte // a hash of the link that a browser begins at; empty: no browser does
	Interval             time.Duration
	Expires              time.Time
	Due                  time.Time // when the provider is to be asked next
	Wake                 time.Time // when the card must move; zero: never
	Shown                bool      // the card was shown
	Created, Ended       time.Time
	Owner                string // the process that polls it
}

// Logins keeps the logins. A person has at most one open login per provider.
type Logins interface {
	// AddLogin inserts l, which is open. It returns ErrOpen when the person has
	// an open one at that provider.
	AddLogin(ctx context.Context, l Login) error
	// Login returns a login, ended or not, or ErrNotFound.
	Login(ctx context.Context, id string) (Login, error)
	// OpenLogins returns the open logins of a person, oldest first.
	OpenLogins(ctx context.Context, person string) ([]Login, error)
	// LeftLogins counts the open logins that are nobody's, or of one of dead, which
	// live no more: as many as make owner's share even among live processes, at most.
	LeftLogins(ctx context.Context, owner string, dead []string, live int) (int, error)
	// ClaimLogins makes owner the owner of up to limit of those that are left, and
	// returns them.
	ClaimLogins(ctx context.Context, owner string, dead []string, limit int) ([]Login, error)
	// ChangedLogins returns those of owner's logins that anybody kept or changed
	// within the last while.
	ChangedLogins(ctx context.Context, owner string, within time.Duration) ([]Changed, error)
	// KeepLogin notes where the card of an open login is, as origin says,
	// and when it must move; shown is false for one that is still to be shown
	// there. It returns ErrStale for a login that has ended, or whose origin is
	// no more was.
	KeepLogin(ctx context.Context, id string, was, origin []byte, wake time.Time, shown bool) error
	// PaceLogin writes a slower pace through. It returns ErrStale unless the
	// login is open and owner's.
	PaceLogin(ctx context.Context, id, owner string, sealed []byte, interval time.Duration, due time.Time) error
	// StartedLogin returns the login whose Start that is, ended or not, or
	// ErrNotFound.
	StartedLogin(ctx context.Context, start []byte) (Login, error)
	// SetBack notes by which hash a browser will come back to a login, and what has
	// to be known then. An earlier hash counts no more. It returns ErrStale unless the
	// login is open and in that state.
	SetBack(ctx context.Context, id, state string, back, sealed []byte) error
	// TakeBack removes the hash that a browser has come back by and returns its
	// login, which is open: to one caller only, to all others ErrNotFound.
	TakeBack(ctx context.Context, back []byte) (Login, error)
	// ChangeLogin takes one step, all of it or nothing. It returns ErrStale when
	// the login is not, or no more, as the change requires.
	ChangeLogin(ctx context.Context, c Change) error
	// CountStarts counts the logins created at or after since: of a person, from
	// a place, and at a provider. Ended ones count as well.
	CountStarts(ctx context.Context, since time.Time, person, place, provider string) (Starts, error)
}

// Changed is what another process may have made of a login.
type Changed struct {
	ID, State   string
	Wake, Ended time.Time
}

// Change is a step of a login, guarded by the state that it starts from.
type Change struct {
	ID    string
	From  string // the state that it starts from
	Was   []byte // when set, the origin that it starts from
	Owner string // when set, only this owner's login may take it
	State string // the new state

	Sealed  []byte    // replaces the sealed content; empty wipes it
	Origin  []byte    // replaces the origin, unless empty
	Expires time.Time // replaces the expiry, unless zero
	Due     time.Time // replaces the due time, unless zero
	Ended   bool      // the login ends now

	Account *Account // is linked in the same transaction, over one of the version before or none
	Tell    *Tell    // is put into the outbox in the same transaction
}

// Count is how many there were, and when the first of them was.
type Count struct {
	N     int
	First time.Time
}

// Starts counts logins that were started in a span of time.
type Starts struct{ Person, Place, Provider Count }

// Account is an identity at a provider that a person has linked.
type Account struct {
	ID, Person, Provider string
	Issuer, Subject      string // the key of the account at its provider
	Name, URL            string
	Scopes               []string // none contains a space
	Sealed               []byte   // the token
	State                string   // authflow's word for one that is of no use any more; empty: it is
	Version              int64    // one more than what it replaces; the first is 1
	Expires              time.Time
	Refresh              time.Time // when the token is to be refreshed; zero: never
	RefreshSent          time.Time // when a refresh began whose outcome is not written; zero: none did
	Tries                int       // refreshes in a row that brought nothing
	LinkedBy             string    // the id of the login that won it
	LinkedAt             time.Time
}

// Accounts keeps the linked accounts, one per person and provider. They are
// linked by ChangeLogin. A token that runs out is refreshed by one process at a
// time: BeginRefresh, then RenewAccount or DelayRefresh.
type Accounts interface {
	// Account returns a person's account, or ErrNotFound.
	Account(ctx context.Context, person, provider string) (Account, error)
	// AccountsOf returns the accounts of a person, sorted by provider.
	AccountsOf(ctx context.Context, person string) ([]Account, error)
	// Holders counts the persons who have linked the account with that key, and to
	// whom it is of use.
	Holders(ctx context.Context, issuer, subject string) (int, error)
	// RemoveAccount deletes a person's account and returns what it was. Where
	// linkedBy is set, only an account that this login linked. Otherwise
	// ErrNotFound.
	RemoveAccount(ctx context.Context, person, provider, linkedBy string) (Account, error)

	// ClaimRefreshes returns up to limit accounts whose Refresh has come, and puts
	// it off by hold: until then nobody else gets them.
	ClaimRefreshes(ctx context.Context, limit int, hold time.Duration) ([]Account, error)
	// NextRefresh returns the first Refresh of all accounts, zero for none.
	NextRefresh(ctx context.Context) (time.Time, error)
	// HastenRefreshes has accounts of a provider whose Refresh comes after the time
	// soon, yet before the time then, have it within soon: in the same order, as far
	// apart in proportion. It leaves those whose last refresh failed, or is unclear.
	HastenRefreshes(ctx context.Context, provider string, soon, then time.Duration) error
	// BeginRefresh notes that a refresh is about to be sent, and since when; Refresh
	// is put off by hold. It returns ErrStale when the account is of no use any
	// more or not of that version, and when another refresh began less than hold
	// ago whose outcome is not written.
	BeginRefresh(ctx context.Context, id string, version int64, hold time.Duration) (sent time.Time, err error)
	// DelayRefresh writes a's Refresh and Tries: the refresh that began at its
	// RefreshSent brought nothing, or, where unclear, nobody knows what it brought.
	// It returns ErrStale when that is no more the last one.
	DelayRefresh(ctx context.Context, a Account, unclear bool) error
	// RenewAccount writes what a refresh brought: a's token, scopes, times and state,
	// as the next version, and in the same transaction tell, unless it is nil. It
	// returns ErrStale when the account is no more of a's id and version.
	RenewAccount(ctx context.Context, a Account, tell *Tell) error
}

// Tell is something that a person must still hear. It holds ids, no content.
type Tell struct {
	Key     string // one row a key; putting it again starts it anew
	Person  string
	Seq     int64  // set by the store, grows with each put of any key
	Payload string // the id of what is to be told
	Try     time.Time
	Tries   int
	GiveUp  time.Time // not told after this
	Owner   string    // the process that tells it
}

// Patience is how often a row of the outbox is tried before those that a person
// must hear after it no longer wait for it.
const Patience = 6

// Outbox keeps what must be told until it was told.
type Outbox interface {
	// PutTell inserts t or replaces the row of the same key.
	PutTell(ctx context.Context, t Tell) error
	// ClaimTells makes owner the owner of the rows that are nobody's, or of one of
	// dead, which live no more, and returns how many those were.
	ClaimTells(ctx context.Context, owner string, dead []string) (int, error)
	// DueTells returns up to limit of owner's rows whose time has come, in the
	// order of their Seq: none while an earlier one of the same person is there
	// that was tried less than Patience times. Rows past GiveUp are returned as
	// well: their reader drops them.
	DueTells(ctx context.Context, owner string, limit int) ([]Tell, error)
	// DropTell removes a row that was told, unless it was put again since seq.
	DropTell(ctx context.Context, key string, seq int64) error
	// RetryTell puts a row off by wait and counts the try, unless it was
	// put again since seq.
	RetryTell(ctx context.Context, key string, seq int64, wait time.Duration) error
}

// Replicas says which processes live, and which of them does what only one may.
// A process lives while its lease lasts, by the store's clock. Once it has run out
// it is dead for good, and what it owned is anybody's.
type Replicas interface {
	// AddReplica begins the lease of a process under an id that was never used.
	AddReplica(ctx context.Context, id string, life time.Duration) error
	// RenewReplica makes a lease last for life from now, or returns ErrStale when
	// it has run out.
	RenewReplica(ctx context.Context, id string, life time.Duration) error
	// EndReplica gives back at once all that a process owns.
	EndReplica(ctx context.Context, id string) error
	// Replicas returns how many processes live, and the ids of those that live no
	// more and may still own something.
	Replicas(ctx context.Context) (live int, dead []string, err error)
	// TakeLease reports whether key is replica's now, which must live: it was free,
	// its own, or that of a process that lives no more.
	TakeLease(ctx context.Context, key, replica string) (bool, error)
	// GiveLease frees key if it is replica's.
	GiveLease(ctx context.Context, key, replica string) error
}

// Notes keeps small things with a lifetime. A note that has run out is not there.
// Notes may be lost when the machine loses power, or a database server is killed, not
// when a process is. A value is sealed, empty, or the key of a note.
type Notes interface {
	// AddNote inserts a note and reports whether there was none. Where it did, each
	// of marks that is a note gets key as its value, in the same transaction.
	AddNote(ctx context.Context, key string, value []byte, expires time.Time, marks ...string) (bool, error)
	// PutNote inserts or replaces a note.
	PutNote(ctx context.Context, key string, value []byte, expires time.Time) error
	// Note returns a note's value, or ErrNotFound.
	Note(ctx context.Context, key string) ([]byte, error)
	// TakeNote removes a note and returns its value: to one caller only, to all
	// others ErrNotFound.
	TakeNote(ctx context.Context, key string) ([]byte, error)
}

// Where something sealed is, by the name that it is bound to when it is sealed
// (seal.Keys.Seal), with the row's id and its person.
const (
	InLogin   = "login"        // Login.Sealed
	InOrigin  = "login.origin" // Login.Origin
	InAccount = "account"      // Account.Sealed
	InNote    = "note"         // the value of a note; its id is the key, and it is no person's
)

// Blob is something sealed and what it is bound to.
type Blob struct {
	In, ID, Person string
	Sealed         []byte
}

// Blobs goes through all that is sealed, wherever it is. In is one of the names
// above.
type Blobs interface {
	// Blobs returns up to limit blobs, in the order of their ids and from the
	// first after the id after on. Empty ones are left out; notes that have run
	// out and were not swept yet are not.
	Blobs(ctx context.Context, in, after string, limit int) ([]Blob, error)
	// Reseal puts sealed in the place of b and leaves the rest of the row, its
	// version included, as it is. It returns ErrStale when b is no longer there.
	Reseal(ctx context.Context, b Blob, sealed []byte) error
}
