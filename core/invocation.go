package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
)

// Invocation is one event as its handler sees it, with the ways to answer.
type Invocation struct {
	Event
	Command string            // the command with its subcommands, "repo add"
	Args    []string          // of the Action
	Values  map[string]string // of options, or of a form's inputs; see Opt.Of
	Picked  []string          // of a select

	bot     *Bot
	port    *port
	node    *node
	private bool   // all answers are for the asker only
	alone   Chat   // with the person, once it was found
	pointed bool   // the person knows that the answer is there
	person  string // id in the store, once it was needed
}

// Reply answers. A long text becomes several messages; the Ref is that of the
// last, which has the controls. What is private goes to the direct chat where
// the platform has no private messages; *CannotDM when there is none.
func (in *Invocation) Reply(ctx context.Context, m Message) (Ref, error) {
	m.Private = (m.Private || in.private) && !in.Chat.Direct
	if m.Private && !in.port.caps.Private {
		ref, err := in.alert(ctx, m)
		if !errors.Is(err, ErrTooLate) {
			return ref, err
		}
		m.Private = false
		chat, err := in.Direct(ctx)
		if err != nil {
			return Ref{}, err
		}
		ref, err = in.port.send(ctx, chat, m)
		if err == nil {
			in.pointDirect(ctx)
		}
		return ref, err
	}
	return in.port.reply(ctx, in.Back, in.Chat, m)
}

// pointDirect says, once, that the answer is in the direct chat. Those who have
// pressed something are looking out for it: only an alert tells them.
func (in *Invocation) pointDirect(ctx context.Context) {
	if in.pointed || in.Chat.Direct {
		return
	}
	in.pointed = true
	var err error
	if _, called := in.What.(Call); called {
		err = in.tell(ctx, in.bot.words.SentDirect)
	} else {
		_, err = in.alert(ctx, Message{Text: in.bot.words.SentDirect, Private: true})
	}
	if err != nil && !errors.Is(err, ErrTooLate) {
		in.bot.log.Warn("a person cannot be told of a direct message", "platform", in.Chat.Platform, "error", err)
	}
}

// Update replaces the message that was pressed. Where that is impossible it
// replies.
func (in *Invocation) Update(ctx context.Context, m Message) error {
	if in.On.Chat.ID != "" {
		err := in.port.update(ctx, in.Back, in.Chat, m)
		if !errors.Is(err, ErrGone) && !errors.Is(err, ErrTooLate) {
			return err
		}
	}
	_, err := in.Reply(ctx, m)
	return err
}

// Direct returns the chat with the person alone, or *CannotDM.
func (in *Invocation) Direct(ctx context.Context) (Chat, error) {
	switch {
	case in.Chat.Direct:
		return in.Chat, nil
	case in.alone.ID != "":
		return in.alone, nil
	}
	return in.port.adapter.Direct(ctx, in.From, "")
}

// Client returns a client that makes requests in the person's name, to the
// provider's own hosts only. A command that Needs the provider has one; others
// get authflow.ErrNotLinked or authflow.ErrSignInAgain until the person signs in.
func (in *Invocation) Client(ctx context.Context, provider string) (*http.Client, error) {
	person, err := in.ownerID(ctx)
	if err != nil {
		return nil, err
	}
	return in.bot.logins.Accounts().Client(ctx, person, provider)
}

// Account returns the person's account at a provider, or authflow.ErrNotLinked.
func (in *Invocation) Account(ctx context.Context, provider string) (authflow.Account, error) {
	person, err := in.ownerID(ctx)
	if err != nil {
		return authflow.Account{}, err
	}
	return in.bot.logins.Accounts().Get(ctx, person, provider)
}

// ownerID is the id of the person in the store, for a bot that has accounts.
func (in *Invocation) ownerID(ctx context.Context) (string, error) {
	if in.bot.logins == nil {
		return "", errors.New("this bot has no accounts: set Options.Logins")
	}
	return in.personID(ctx)
}

// personID is the id of the person in the store.
func (in *Invocation) personID(ctx context.Context) (string, error) {
	if in.person != "" {
		return in.person, nil
	}
	id, err := in.bot.store.Person(ctx, in.From.Platform, in.From.Team, in.From.ID)
	if err != nil {
		return "", fmt.Errorf("find person: %w", err)
	}
	in.person = id
	return id, nil
}

// tell says something that only the person needs to hear, as privately as the
// chat allows without going elsewhere. It holds nothing that others must not see.
func (in *Invocation) tell(ctx context.Context, t markup.Text) error {
	if !in.Chat.Direct && !in.port.caps.Private {
		if _, err := in.alert(ctx, Message{Text: t, Private: true}); !errors.Is(err, ErrTooLate) {
			return err
		}
	}
	_, err := in.port.reply(ctx, in.Back, in.Chat, Message{Text: t, Private: in.port.caps.Private && !in.Chat.Direct})
	return err
}

// alert answers a press by what only its presser sees, on a platform that has no
// other private messages. ErrTooLate: not this event, or not this message.
func (in *Invocation) alert(ctx context.Context, m Message) (Ref, error) {
	_, pressed := in.What.(Press)
	long := utf8.RuneCountInString(markup.Visible(m.Text)) > in.port.caps.Alert
	if !pressed || in.On.Chat.ID == "" || long || len(m.Rows) > 0 || len(m.Embeds) > 0 || m.Image != nil {
		return Ref{}, ErrTooLate
	}
	return in.port.reply(ctx, in.Back, in.Chat, m)
}

// confide says what went wrong. What a private command says of that, others must
// not read either.
func (in *Invocation) confide(ctx context.Context, t markup.Text) error {
	if !in.private {
		return in.tell(ctx, t)
	}
	_, err := in.Reply(ctx, Message{Text: t})
	if unreachable(err) {
		return in.bot.pointThere(ctx, in, err)
	}
	return err
}

// pressed returns what came with a press or a form.
func (in *Invocation) pressed() (seal.Secret, []string, map[string]string) {
	switch what := in.What.(type) {
	case Press:
		return what.Token, what.Values, nil
	case Submit:
		return what.Token, nil, what.Values
	}
	return "", nil, nil
}

// done tells the adapter that no more comes of the event.
func (in *Invocation) done(repeat bool) {
	if in.Done != nil {
		in.Done(repeat)
	}
}

// safe tells the platform that the event was taken.
func (in *Invocation) safe() {
	if in.Safe != nil {
		in.Safe()
	}
}
