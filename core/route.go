package core

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core/markup"
)

// The sizes of routing.
const (
	routers = 64             // events that are being looked up and noted at once
	seenFor = 25 * time.Hour // an event that comes again so long after is a repeat
)

// handle does all that an event asks for.
func (b *Bot) handle(ctx context.Context, in *Invocation) {
	in.bot, in.port = b, b.ports[in.Chat.Platform]
	if in.port == nil || ctx.Err() != nil {
		return
	}
	handled := false
	defer func() {
		if handled {
			in.done(false)
		}
	}()
	err := calmly(func() error {
		run, err := b.routeOnce(ctx, in)
		if err != nil || run == nil {
			return err
		}
		handled = true
		return run(ctx, in)
	})
	if err == nil {
		return
	}
	told := false
	if err := calmly(func() error { told = b.fail(ctx, in, err); return nil }); err != nil {
		b.log.Error("a person could not be told what went wrong", "platform", in.Chat.Platform, "error", err)
	}
	if _, ok := errors.AsType[*unserved](err); ok && told {
		in.safe() // who is asked to try again must not be served by a repeat as well
	}
}

// unserved is why an event was not noted, and nothing done about it: the store
// does not answer.
type unserved struct{ error }

func (u *unserved) Unwrap() error { return u.error }

// calmly returns a panic of f as an error.
func calmly(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicked{r, debug.Stack()}
		}
	}()
	return f()
}

// routeOnce finds what is to be done for an event and notes it. A repeat, or
// what nobody listens to, is nothing to do.
func (b *Bot) routeOnce(ctx context.Context, in *Invocation) (Handler, error) {
	b.lanes.route <- struct{}{}
	defer func() { <-b.lanes.route }()
	run, err := b.route(ctx, in)
	if err != nil {
		return nil, &unserved{err}
	}
	if run == nil {
		in.safe()
		return nil, nil
	}
	fresh, err := b.store.AddNote(ctx, seen(in.Key), nil, time.Now().Add(seenFor), b.moves(in)...)
	if err != nil {
		return nil, &unserved{fmt.Errorf("note event: %w", err)}
	}
	in.safe()
	if !fresh {
		in.done(true)
		return nil, nil
	}
	return run, nil
}

// route finds what is to be done for an event. It changes nothing but for the end
// of a workspace, which does no harm twice.
func (b *Bot) route(ctx context.Context, in *Invocation) (Handler, error) {
	switch what := in.What.(type) {
	case Call:
		return b.routeCall(in, what), nil
	case Press:
		return b.routeToken, nil
	case Submit:
		return b.routeToken, nil
	case Said:
		return b.routeSaid(ctx, in, what)
	case Hello:
		return b.greet, nil
	case Gone:
		return nil, b.forgetWorkspace(ctx, in.Chat)
	}
	return nil, nil
}

// routeSaid finds who listens to a message that is no command: the question that
// it answers, a login that waits for digits, else the handlers, else the help for somebody who is lost.
func (b *Bot) routeSaid(ctx context.Context, in *Invocation, said Said) (Handler, error) {
	switch asked, err := b.openQuestion(ctx, in, said); {
	case err != nil:
		return nil, err
	case asked != nil:
		return asked.answer, nil
	}
	typed, err := b.digitsSaid(ctx, in, said)
	switch {
	case err != nil:
		return nil, err
	case typed:
		return b.typedDigits, nil
	case len(b.said) > 0:
		return b.wrap(func(ctx context.Context, in *Invocation) error {
			for _, h := range b.said {
				if err := h(ctx, in); err != nil {
					return err
				}
			}
			return nil
		}), nil
	case said.ToMe:
		return b.help, nil
	}
	return nil, nil
}

// routeToken does what a pressed control or a form stands for.
func (b *Bot) routeToken(ctx context.Context, in *Invocation) error {
	token, values, filled := in.pressed()
	act, err := b.open(ctx, token, in.From, in.Chat)
	switch {
	case errors.Is(err, errForged) && in.On.Chat.ID == "" && in.Chat.Direct:
		return b.greet(ctx, in) // a link that somebody else made leads here too
	case errors.Is(err, errForged):
		b.log.Debug("a forged token was pressed", "platform", in.Chat.Platform)
		return nil
	case errors.Is(err, errNotYours):
		return in.tell(ctx, b.words.NotYours)
	case errors.Is(err, errTooOld):
		return in.tell(ctx, b.words.TooOld)
	case err != nil:
		return fmt.Errorf("open token: %w", err)
	}
	in.Args = act.Args
	h := b.actions[act.Name]
	if h == nil {
		return in.tell(ctx, b.words.TooOld)
	}
	in.port.tally.presses.Add(1)
	return b.act(ctx, in, h, act, values, filled)
}

// act runs the handler of an action, once what came with the press was checked
// against what was offered.
func (b *Bot) act(ctx context.Context, in *Invocation, h Handler, act stored, values []string, filled map[string]string) error {
	switch {
	case act.Inputs != nil:
		if problem := b.checkForm(act.Inputs, filled); problem != "" {
			return in.tell(ctx, problem)
		}
		in.Values = filled
	case act.Picked != nil:
		in.Picked = []string{*act.Picked}
	case !act.offered(values):
		b.log.Debug("a value was pressed that was not offered", "platform", in.Chat.Platform)
		return nil
	default:
		in.Picked = values
	}
	if act.Name[0] == '~' {
		return h(ctx, in)
	}
	return b.wrap(h)(ctx, in)
}

// wrap puts the middleware around h.
func (b *Bot) wrap(h Handler) Handler {
	for _, v := range slices.Backward(b.around) {
		h = v(h)
	}
	return h
}

// panicked is a handler's panic.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// fail ends an event that could not be served: the person gets a sentence, the
// operator a line under the same number. It reports whether the person was told.
func (b *Bot) fail(ctx context.Context, in *Invocation, err error) bool {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		b.log.Warn("the bot ended before an event was served", "platform", in.Chat.Platform, "command", in.Command)
		return false // nothing of this is anybody's fault
	}
	if errors.Is(err, ErrUnsure) {
		b.log.Warn("an answer was probably sent", "platform", in.Chat.Platform, "command", in.Command, "error", err)
		return false // the person has it, and would take the next for an alarm
	}
	number := shortNumber()
	text, why := b.sentence(err, number)
	cannot, elsewhere := errors.AsType[*CannotDM](err)
	if why != nil && !elsewhere {
		b.logFailure(in, number, why)
	}
	var told error
	if elsewhere {
		told = b.pointThere(ctx, in, cannot)
	} else {
		told = in.confide(ctx, text)
	}
	if told != nil {
		b.log.Warn("a person could not be told what went wrong", "number", number, "platform", in.Chat.Platform, "error", told)
	}
	return told == nil
}

// sentence is what a person hears of err, and why what the operator does: nil where
// nothing is broken.
func (b *Bot) sentence(err error, number string) (text markup.Text, why error) {
	if _, ok := errors.AsType[*unserved](err); ok {
		return markup.F(b.words.Unserved, number), err
	}
	if tell, ok := errors.AsType[*Tell](err); ok {
		if tell.Err == nil {
			return tell.Text, nil
		}
		return tell.Text, err
	}
	if errors.Is(err, authflow.ErrNotLinked) || errors.Is(err, authflow.ErrSignInAgain) {
		return b.words.NotSignedIn, nil
	}
	return markup.F(b.words.Broken, number), err
}

// logFailure is the operator's side of an event that could not be served.
func (b *Bot) logFailure(in *Invocation, number string, err error) {
	log := b.log.With("number", number, "platform", in.Chat.Platform, "command", in.Command)
	if p, ok := errors.AsType[*panicked](err); ok {
		log = log.With("stack", string(p.stack))
	}
	log.Error("an event could not be served", "error", err)
}

// shortNumber joins what a person reports to a line in the log.
func shortNumber() string {
	var b [3]byte
	rand.Read(b[:])
	return fmt.Sprintf("%x", b)
}
