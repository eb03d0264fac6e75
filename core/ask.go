package core

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/store"
)

// skip is what people write to leave out an answer.
const skip = "-"

// askFor is how long a form or a question waits for its answer.
const askFor = 15 * time.Minute

// Ask opens a form. Where the platform has none, the bot asks question by
// question: in a group by a message to reply to, and what is private in the
// direct chat. The action gets the answers in Invocation.Values, by input.
func (in *Invocation) Ask(ctx context.Context, f Form) error {
	if f.Do.Only == (User{}) {
		f.Do.Only = in.From
	}
	if f.Do.For == 0 {
		f.Do.For = askFor
	}
	if !in.port.caps.opens(f) {
		return in.askOneByOne(ctx, f)
	}
	shown := fitForm(f, in.port.caps.Limits)
	var err error
	if shown.Do.token, err = in.bot.sign(ctx, f.Do, in.Chat, stored{Inputs: f.Inputs}); err != nil {
		return err
	}
	err = in.Back.Ask(ctx, shown)
	if !errors.Is(err, ErrTooLate) {
		return err
	}
	return in.askLater(ctx, f)
}

// askLater offers the form behind a button, whose press may open it.
func (in *Invocation) askLater(ctx context.Context, f Form) error {
	w := &in.bot.words
	name, err := in.bot.keepForm(ctx, f)
	if err != nil {
		return err
	}
	_, err = in.Reply(ctx, Message{
		Text:    markup.F(w.ContinueText, f.Title),
		Rows:    [][]Control{{Button{Label: markup.Visible(w.Continue), Tone: Main, Do: Action{Name: "~form", Args: []string{name}, Only: in.From, For: askFor}}}},
		Private: in.port.caps.Private,
	})
	return err
}

// openForm is the action of the [Continue] button.
func (b *Bot) openForm(ctx context.Context, in *Invocation) error {
	var f keptForm
	err := b.getSealed(ctx, in.Args[0], &f)
	if errors.Is(err, store.ErrNotFound) {
		return in.tell(ctx, b.words.TooOld)
	}
	if err != nil {
		return err
	}
	return in.Ask(ctx, f.form(in.From))
}

// keptForm is a form in the store.
type keptForm struct {
	Title  string
	Inputs []Input
	Name   string
	Args   []string
	For    time.Duration
	Once   bool
}

func keep(f Form) keptForm {
	return keptForm{f.Title, f.Inputs, f.Do.Name, f.Do.Args, f.Do.For, f.Do.Once}
}

func (f keptForm) form(only User) Form {
	return Form{f.Title, f.Inputs, Action{Name: f.Name, Args: f.Args, For: f.For, Once: f.Once, Only: only}}
}

func (b *Bot) keepForm(ctx context.Context, f Form) (string, error) {
	name := "form:" + store.NewID()
	return name, b.putSealed(ctx, name, keep(f), time.Now().Add(f.Do.For))
}

// question is a form that is asked one input at a time.
type question struct {
	Form   keptForm
	Values map[string]string
	At     int    // the input that is being asked for
	Ref    string // of the message that asks, for groups
	Key    string // tells this question from an earlier one
}

// questionName names the note of what a person is being asked in a chat.
func questionName(u User, c Chat) string { return "question:" + c.Key() + " " + u.Key() }

func (in *Invocation) askOneByOne(ctx context.Context, f Form) error {
	if in.private && !in.Chat.Direct {
		chat, err := in.Direct(ctx)
		if err != nil {
			return err
		}
		if err := in.elsewhere(chat).askOneByOne(ctx, f); err != nil {
			return err
		}
		in.pointDirect(ctx)
		return nil
	}
	return in.askNext(ctx, question{Form: keep(f), Values: map[string]string{}, Key: store.NewID()[:8]})
}

// elsewhere is in, answering in another chat.
func (in *Invocation) elsewhere(chat Chat) *Invocation {
	there := *in
	there.Chat, there.On = chat, Ref{}
	there.Back = later{port: in.port, user: in.From, chat: chat, command: in.Command}
	return &there
}

// askNext asks the question, and notes that it is open.
func (in *Invocation) askNext(ctx context.Context, q question) error {
	ref, err := in.port.reply(ctx, in.Back, in.Chat, q.message(in))
	if err != nil {
		return err
	}
	q.Ref = ref.Token.Reveal()
	return in.bot.putSealed(ctx, questionName(in.From, in.Chat), q, time.Now().Add(askFor))
}

// message is the question, with buttons for its choices.
func (q question) message(in *Invocation) Message {
	w, input := &in.bot.words, q.Form.Inputs[q.At]
	m := Message{Text: markup.F(w.Question, input.Label)}
	if input.Hint != "" {
		m.Text = markup.F(w.QuestionHint, input.Label, input.Hint)
	}
	if in.port.caps.Replies && !in.Chat.Direct && len(input.Choices) == 0 {
		return q.forReply(in, m.Text)
	}
	button := func(label string, tone Tone, name string, args ...string) Control {
		args = append([]string{q.Key, strconv.Itoa(q.At)}, args...)
		return Button{Label: label, Tone: tone, Do: Action{Name: name, Args: args, Only: in.From, For: askFor}}
	}
	for _, c := range input.Choices {
		m.Rows = append(m.Rows, []Control{button(c.Label, Plain, "~answer", c.value())})
	}
	last := []Control{button(markup.Visible(w.Cancel), Plain, "~unask")}
	if input.Optional {
		last = append(last, button(markup.Visible(w.Skip), Plain, "~answer"))
	}
	m.Rows = append(m.Rows, last)
	return m
}

// forReply is a question that a platform opens a reply box for, in place of
// buttons: it says by words how to get out of it.
func (q question) forReply(in *Invocation, text markup.Text) Message {
	w := &in.bot.words
	how := w.ReplyHere
	if q.Form.Inputs[q.At].Optional {
		how = w.ReplyOrSkip
	}
	return Message{Text: join([]markup.Text{markup.F(w.QuestionTo, markup.Person(in.From.Key(), in.From.Name), text), how}), Answer: true}
}

// openQuestion returns the question that a message answers, if it does: in a
// direct chat any message, elsewhere a reply to the question or one that
// addresses the bot.
func (b *Bot) openQuestion(ctx context.Context, in *Invocation, said Said) (*question, error) {
	if !in.Chat.Direct && !said.ToMe && in.On.Token == "" {
		return nil, nil
	}
	q, err := b.question(ctx, in)
	if err != nil || q == nil {
		return nil, err
	}
	if !in.Chat.Direct && !said.ToMe && in.On.Token.Reveal() != q.Ref {
		return nil, nil
	}
	return q, nil
}

// question returns what the person is being asked in this chat, or nil.
func (b *Bot) question(ctx context.Context, in *Invocation) (*question, error) {
	var q question
	err := b.getSealed(ctx, questionName(in.From, in.Chat), &q)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read question: %w", err)
	}
	return &q, nil
}

// answer takes a message as the answer.
func (q *question) answer(ctx context.Context, in *Invocation) error {
	said, _ := in.What.(Said)
	if strings.TrimSpace(said.Text) == skip && q.Form.Inputs[q.At].Optional {
		return q.next(ctx, in)
	}
	return q.take(ctx, in, q.Form.Inputs[q.At].valueOf(strings.TrimSpace(said.Text)))
}

// pressAnswer is the action of a question's buttons: [Skip] has no value.
func (b *Bot) pressAnswer(ctx context.Context, in *Invocation) error {
	q, err := b.question(ctx, in)
	if err != nil {
		return err
	}
	if q == nil || q.Key != in.Args[0] || strconv.Itoa(q.At) != in.Args[1] {
		return in.tell(ctx, b.words.TooOld)
	}
	if len(in.Args) == 2 {
		return q.next(ctx, in)
	}
	return q.take(ctx, in, in.Args[2])
}

// take keeps an answer and goes on, or says what is wrong with it.
func (q *question) take(ctx context.Context, in *Invocation, value string) error {
	input := q.Form.Inputs[q.At]
	if problem := in.bot.checkInput(input, value); problem != "" {
		return in.tell(ctx, problem)
	}
	q.Values[input.Name] = value
	return q.next(ctx, in)
}

// next asks what comes next, or does what the form is for.
func (q *question) next(ctx context.Context, in *Invocation) error {
	if q.At++; q.At < len(q.Form.Inputs) {
		return in.askNext(ctx, *q)
	}
	b := in.bot
	if err := b.dropNote(ctx, questionName(in.From, in.Chat)); err != nil {
		return err
	}
	h := b.actions[q.Form.Name]
	if h == nil {
		return in.tell(ctx, b.words.TooOld)
	}
	in.Args, in.On = q.Form.Args, Ref{}
	act := stored{Name: q.Form.Name, Args: q.Form.Args, Inputs: q.Form.Inputs}
	return b.act(ctx, in, h, act, nil, q.Values)
}

// unask is the action of [Cancel] below a question.
func (b *Bot) unask(ctx context.Context, in *Invocation) error {
	q, err := b.question(ctx, in)
	if err != nil {
		return err
	}
	if q == nil || q.Key != in.Args[0] {
		return in.tell(ctx, b.words.TooOld)
	}
	if err := b.dropNote(ctx, questionName(in.From, in.Chat)); err != nil {
		return err
	}
	return in.Update(ctx, Message{Text: b.words.QuestionCancelled})
}

// dropNote removes a note that may be gone already.
func (b *Bot) dropNote(ctx context.Context, name string) error {
	_, err := b.store.TakeNote(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// valueOf is the value of the choice that text names, or text itself.
func (i Input) valueOf(text string) string {
	for _, c := range i.Choices {
		if strings.EqualFold(c.Label, text) {
			return c.value()
		}
	}
	return text
}

// checkForm returns what is wrong with the values of a form.
func (b *Bot) checkForm(inputs []Input, values map[string]string) markup.Text {
	for _, input := range inputs {
		value := values[input.Name]
		if value == "" && input.Optional {
			continue
		}
		if problem := b.checkInput(input, value); problem != "" {
			return problem
		}
	}
	return ""
}

func (b *Bot) checkInput(input Input, value string) markup.Text {
	n := utf8.RuneCountInString(value)
	switch {
	case len(input.Choices) > 0:
		if !slices.ContainsFunc(input.Choices, func(c Choice) bool { return c.value() == value }) {
			return b.words.AnswerNotOffered
		}
	case value == "" && !input.Optional:
		return markup.F(b.words.NeedsValue, input.Label)
	case input.Max > 0 && n > input.Max:
		return markup.F(b.words.AnswerTooLong, n, input.Max)
	}
	return ""
}

// askOptions asks for the required options that a command was called without.
func (b *Bot) askOptions(n *node, specs []Spec) Handler {
	return func(ctx context.Context, in *Invocation) error {
		f := Form{Title: "/" + n.path}
		for _, s := range specs {
			input := Input{Name: s.Name, Label: s.Name, Hint: s.Summary, Choices: s.Choices}
			if s.Kind == KindString && s.Max > 0 {
				input.Max = int(s.Max)
			}
			f.Inputs = append(f.Inputs, input)
		}
		f.Do = Action{Name: "~options", Args: []string{n.path}}
		for name, value := range in.Values {
			f.Do.Args = append(f.Do.Args, name+"="+value)
		}
		return in.Ask(ctx, f)
	}
}

// gotOptions goes on with a command whose missing options were asked for.
func (b *Bot) gotOptions(ctx context.Context, in *Invocation) error {
	args := make(map[string]string, len(in.Values)+len(in.Args))
	for _, given := range in.Args[1:] {
		name, value, _ := strings.Cut(given, "=")
		args[name] = value
	}
	maps.Copy(args, in.Values)
	path := in.Args[0]
	in.Values, in.Args = nil, nil
	run := b.routeCall(in, Call{Name: path, Args: args})
	return run(ctx, in)
}
