package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/usherbot/usher/core/markup"
)

// Adapter connects one platform. It translates and decides nothing: it is given
// only messages that Fit made for its Caps, with a token on every action.
// All methods may be called at the same time.
type Adapter interface {
	Caps() Caps
	// Check reports settings that cannot work. It asks nobody and may be called
	// before anything else.
	Check() error
	// Size is the length of t as the platform counts it, after escaping.
	Size(t markup.Text) int
	// Publish makes the commands known to the adapter and, where write is set,
	// to the platform; it writes only what differs. It is called before Run, and
	// like Run it tries until ctx ends or nothing can help.
	Publish(ctx context.Context, cmds []Command, write bool) error
	// Run hands over what happens until ctx ends, which is no error, or until
	// nothing can help. It reconnects by itself. on does not block for long.
	Run(ctx context.Context, on func(Event)) error
	// Ready reports whether what happens on the platform reaches the bot now.
	Ready() bool
	// Routes are where the platform delivers over HTTP, by path; nil if nowhere.
	Routes() map[string]http.Handler
	// Send sends without being asked. It returns ErrForbidden, ErrGone for a
	// chat that is no more, or *Slow.
	Send(ctx context.Context, to Chat, m Message) (Ref, error)
	// Edit replaces the message at r, also long after it was sent and by another
	// process. It returns ErrGone when the platform allows it no more, or does not let
	// such a message get an image, or lose one: then the old one is deleted, and no
	// image stands that m does not have.
	Edit(ctx context.Context, r Ref, m Message) error
	// Delete removes the message at r. One that is not there is no error.
	Delete(ctx context.Context, r Ref) error
	// Direct returns the chat with u alone, and asks the platform for it where
	// need be. When the bot may not write there first, the error is *CannotDM,
	// with a link to follow, which hands start back as a Press, where there is
	// such a link.
	Direct(ctx context.Context, u User, start string) (Chat, error)
}

// Responder answers one event in the way its platform wants events answered.
type Responder interface {
	// Reply sends a message as the answer. It returns ErrTooLate, ErrForbidden
	// or *Slow.
	Reply(ctx context.Context, m Message) (Ref, error)
	// Update replaces the message that was pressed; ErrGone when there is none.
	Update(ctx context.Context, m Message) error
	// Ask opens a form; ErrTooLate when the time for that is over.
	Ask(ctx context.Context, f Form) error
}

// Caps says, as data, what a platform can show. Only core reads it.
type Caps struct {
	Platform, Title string        // "matrix", "Matrix"
	Private         bool          // has messages that one person alone sees
	PrivateEdit     time.Duration // how long the bot can still edit one
	Alert           int           // characters of a text that answers a press and only the presser sees; 0: none
	Single          bool          // one process at a time may Run
	Forms, Selects  bool
	Embeds, Copies  bool
	Images, Alts    bool // shows a Message.Image; and what it shows to who cannot see it
	Replies         bool // opens a box to reply in beside a message with Answer, which then has no controls
	Loopback        bool // shows links to the person's own machine as links
	Limits          Limits
}

// Limits are the largest sizes that a platform takes; 0 is no limit. Text is
// counted by Adapter.Size, everything else in characters.
type Limits struct {
	Text                                                                int // of a message
	Label, Row, Rows                                                    int // of a button; buttons in a row; rows
	Choices, Choice, Value                                              int // of a select; the label and the value of one
	Inputs, FormTitle, InputLabel                                       int
	Embeds, EmbedTitle, EmbedText, Fields, FieldName, FieldText, Footer int
	AllEmbeds                                                           int // all that the embeds of a message say
	Copy                                                                int // text that a Copy can copy
	Alt, Caption                                                        int // of an image; the text of a message with one, where less than Text
}

// Errors that an adapter may return; core reads them.
var (
	// ErrGone: the message or chat is no more, or can be changed no more.
	ErrGone = errors.New("gone")
	// ErrTooLate: the event can no longer be answered in this way.
	ErrTooLate = errors.New("too late to answer")
	// ErrForbidden: the bot may not write there.
	ErrForbidden = errors.New("not allowed to write there")
	// ErrUnsure: the platform has taken a message, and its answer was lost on the
	// way. Sending it again would show it twice.
	ErrUnsure = errors.New("probably sent, and the answer was lost")
)

// Slow says that the platform wants to be left alone for a while. Core tries again
// then, and what else goes to the same chat waits too. Only more than ten seconds
// are the caller's error. An adapter says so and does not wait itself.
type Slow struct {
	After time.Duration
	Alone bool // this answer or message alone is too fast, and not its chat
}

func (e *Slow) Error() string { return fmt.Sprintf("rate limited for %v", e.After) }

// CannotDM says that the bot may not write to a person first. Link, where there
// is one, leads the person to the direct chat.
type CannotDM struct{ Link string }

func (e *CannotDM) Error() string { return "cannot write to this person first" }
