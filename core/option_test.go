package core

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/usherbot/usher/core/markup"
)

func TestParse(t *testing.T) {
	w := English
	size := []Choice{{Label: "Small", Value: "s"}, {Label: "Large", Value: "l"}, {Label: "Huge"}}
	tests := []struct {
		name string
		spec Spec
		text string
		want string
		must string // be
	}{
		{"text", String("t", "").Spec(), "any *text*\nat all", "any *text*\nat all", ""},
		{"no text", String("t", "").Spec(), "", "", ""},
		{"text that is long enough", String("t", "").Range(2, 4).Spec(), "äöü", "äöü", ""},
		{"text of the least length", String("t", "").Range(2, 4).Spec(), "äö", "äö", ""},
		{"text that is too short", String("t", "").Range(2, 4).Spec(), "ä", "", "2 to 4 characters long"},
		{"text that is too long", String("t", "").Range(2, 4).Spec(), "abcde", "", "2 to 4 characters long"},
		{"text of one length", String("t", "").Range(3, 3).Spec(), "abcd", "", "3 to 3 characters long"},

		{"a number", Int("n", "").Spec(), "42", "42", ""},
		{"a number with a sign", Int("n", "").Spec(), "+07", "7", ""},
		{"the least number", Int("n", "").Spec(), fmt.Sprint(math.MinInt64), fmt.Sprint(math.MinInt64), ""},
		{"a number beyond all", Int("n", "").Spec(), "9223372036854775808", "", "a whole number"},
		{"half a number", Int("n", "").Spec(), "1.5", "", "a whole number"},
		{"no number", Int("n", "").Spec(), "", "", "a whole number"},
		{"the lowest", Int("n", "").Range(-1, 6).Spec(), "-1", "-1", ""},
		{"the highest", Int("n", "").Range(-1, 6).Spec(), "6", "6", ""},
		{"too low", Int("n", "").Range(-1, 6).Spec(), "-2", "", "a whole number from -1 to 6"},
		{"too high", Int("n", "").Range(-1, 6).Spec(), "7", "", "a whole number from -1 to 6"},
		{"words in a range", Int("n", "").Range(-1, 6).Spec(), "six", "", "a whole number from -1 to 6"},
		{"the only number", Int("n", "").Range(5, 5).Spec(), "6", "", "a whole number from 5 to 5"},

		{"yes", Bool("b", "").Spec(), "Yes", "true", ""},
		{"on", Bool("b", "").Spec(), "on", "true", ""},
		{"one", Bool("b", "").Spec(), "1", "true", ""},
		{"true", Bool("b", "").Spec(), "true", "true", ""},
		{"no", Bool("b", "").Spec(), "no", "false", ""},
		{"off", Bool("b", "").Spec(), "OFF", "false", ""},
		{"perhaps", Bool("b", "").Spec(), "perhaps", "", "yes or no"},

		{"a label", Pick("p", "", size...).Spec(), "small", "s", ""},
		{"a value", Pick("p", "", size...).Spec(), "l", "l", ""},
		{"a label without a value", Pick("p", "", size...).Spec(), "HUGE", "Huge", ""},
		{"a value in other letters", Pick("p", "", size...).Spec(), "L", "", "one of Small, Large, Huge"},
		{"what is not offered", Pick("p", "", size...).Spec(), "medium", "", "one of Small, Large, Huge"},

		{"a person", Person("p", "").Spec(), bob.Key(), bob.Key(), ""},
		{"a person elsewhere", Person("p", "").Spec(), "other:T:bob", "", "a mention of somebody here"},
		{"a person of another workspace", Person("p", "").Spec(), "neutral:U:bob", "", "a mention of somebody here"},
		{"a name", Person("p", "").Spec(), "Bob", "", "a mention of somebody here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, must := tt.spec.parse(tt.text, ann, &w)
			if got != tt.want || markup.Visible(must) != tt.must {
				t.Errorf("got %q %q, want %q %q", got, must, tt.want, tt.must)
			}
		})
	}
}

// options has one of each kind.
var (
	optText  = String("text", "some text")
	optCount = Int("count", "how many").Range(0, 99)
	optLoud  = Bool("loud", "in capitals")
	optSize  = Pick("size", "how large", Choice{Label: "Small", Value: "s"}, Choice{Label: "Large", Value: "l"})
	optWho   = Person("who", "for whom")
)

// echo says what it was given.
func echo(ctx context.Context, in *Invocation) error {
	var got []string
	add := func(name string, v any, given bool) {
		if given {
			got = append(got, fmt.Sprintf("%s=%v", name, v))
		}
	}
	text, given := optText.Get(in)
	add("text", text, given)
	n, given := optCount.Get(in)
	add("count", n, given)
	loud, given := optLoud.Get(in)
	add("loud", loud, given)
	size, given := optSize.Get(in)
	add("size", size, given)
	who, given := optWho.Get(in)
	add("who", who.ID, given)
	return says(markup.F("%s: %s", in.Command, strings.Join(got, " ")))(ctx, in)
}

func TestTypedOptions(t *testing.T) {
	tests := []struct {
		name string
		args map[string]string
		want string
	}{
		{"none", map[string]string{}, "reply hall: echo: "},
		{
			"all",
			map[string]string{"text": " a  b ", "count": "7", "loud": "true", "size": "l", "who": bob.Key()},
			"reply hall: echo: text= a  b  count=7 loud=true size=l who=bob",
		},
		{"false and nothing", map[string]string{"text": "", "count": "0", "loud": "false"}, "reply hall: echo: text= count=0 loud=false"},
		{"what is not an option", map[string]string{"colour": "red"}, "reply hall: echo: "},
		{"what is no number", map[string]string{"count": "many"}, "reply hall privately: count must be a whole number from 0 to 99, not “many”. / Usage: /echo [count] [loud] [size] [who] [text]"},
		{"a value that was not offered", map[string]string{"size": "xxl"}, "reply hall privately: size must be one of Small, Large, not “xxl”. / Usage: /echo [count] [loud] [size] [who] [text]"},
		{"somebody from elsewhere", map[string]string{"who": "other:T:bob"}, "reply hall privately: who must be a mention of somebody here, not “other:T:bob”. / Usage: /echo [count] [loud] [size] [who] [text]"},
	}
	for _, tt := range tests {
		bubble(t, tt.name, func(t *testing.T) {
			h := host(t, newWire(), echoing)
			if got := h.do(h.event(ann, hall, Call{Name: "echo", Args: tt.args})); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func echoing(b *Bot) {
	b.Add(command("echo", echo, optCount, optLoud, optSize, optWho, optText))
}

// Whatever people send, they get one plain sentence, and none of it is
// formatting.
func TestHostileValues(t *testing.T) {
	values := map[string]string{
		"long":       strings.Repeat("x", 5000),
		"long words": strings.Repeat("wörd ", 1000),
		"formatting": "*a* _b_ `c` [d](https://evil.example) <@neutral:T:bob|Bob> ```",
		"lines":      "> a\n```\nb",
		"directions": "a\u202eb\u2066c\x00\x1b[2J",
		"no text":    "\xff\xfe",
	}
	for name, value := range values {
		for _, typed := range []bool{false, true} {
			bubble(t, fmt.Sprintf("%s, typed %v", name, typed), func(t *testing.T) {
				h := host(t, newWire(), func(b *Bot) { b.Add(command("echo", echo, optCount)) })
				call := Call{Name: "echo", Rest: `"` + strings.ReplaceAll(value, `"`, "") + `"`}
				if typed {
					call.Args = map[string]string{"count": value}
				}
				h.take(h.event(ann, hall, call))
				deeds := h.deeds()
				if len(deeds) != 1 {
					t.Fatalf("got %d answers, want 1", len(deeds))
				}
				text := deeds[0].said.Text
				if n := utf8.RuneCountInString(markup.Visible(text)); n > 160 {
					t.Errorf("got %d characters, want a short sentence", n)
				}
				if !strings.Contains(markup.Visible(text), "count must be a whole number from 0 to 99, not “") {
					t.Errorf("got %q, want what is wrong", markup.Visible(text))
				}
				for _, s := range markup.Parse(text) {
					switch s.Kind {
					case markup.Word, markup.Break, markup.Code: // `count` and the usage
					default:
						t.Errorf("got %v in %q, want words", s.Kind, text)
					}
				}
				if strings.ContainsAny(markup.Visible(text), "\u202e\u2066\x00\x1b") {
					t.Errorf("got %q, want nothing invisible", markup.Visible(text))
				}
			})
		}
	}
}

func TestReadingOptions(t *testing.T) {
	in := &Invocation{Values: map[string]string{"count": "-3", "loud": "true", "who": bob.Key(), "text": "t"}}
	if got := optCount.Of(in); got != -3 {
		t.Errorf("count: got %d, want -3", got)
	}
	if got := optLoud.Of(in); !got {
		t.Errorf("loud: got %v, want true", got)
	}
	if got, want := optWho.Of(in), (User{Platform: "neutral", Team: "T", ID: "bob"}); got != want {
		t.Errorf("who: got %+v, want %+v", got, want)
	}
	if got, given := optSize.Get(in); got != "" || given {
		t.Errorf("size: got %q %v, want none", got, given)
	}
	if got := (Opt[int64]{}).Of(&Invocation{}); got != 0 {
		t.Errorf("none: got %d, want 0", got)
	}
	if optText.Spec().Required || !optText.Required().Spec().Required {
		t.Error("Required: got no copy that is required beside one that is not")
	}
}

func TestMissingOptionsAreAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host(t, newWire(), func(b *Bot) {
			b.Add(command("order", echo, optCount.Required(), optSize.Required(), optText.Range(1, 9).Required(), optLoud))
		})
		ask := func(call Call) []Input {
			t.Helper()
			h.take(h.event(ann, hall, call))
			deeds := h.deeds()
			last := deeds[len(deeds)-1]
			if last.how != "ask" || last.form.Title != "/order" {
				t.Fatalf("got %q, want a form", last)
			}
			return last.form.Inputs
		}
		inputs := ask(Call{Name: "order", Args: map[string]string{"count": "7"}})
		want := []Input{
			{Name: "size", Label: "size", Hint: "how large", Choices: optSize.Spec().Choices},
			{Name: "text", Label: "text", Hint: "some text", Max: 9},
		}
		if fmt.Sprintf("%+v", inputs) != fmt.Sprintf("%+v", want) {
			t.Errorf("got %+v, want %+v", inputs, want)
		}
		got := h.do(h.fill(ann, map[string]string{"size": "l", "text": "a=b"}))
		if want := "reply hall: order: text=a=b count=7 size=l"; got != want {
			t.Errorf("filled in: got %q, want %q", got, want)
		}
		if got := len(ask(Call{Name: "order"})); got != 3 {
			t.Errorf("got %d questions, want 3", got)
		}
		got = h.do(h.fill(ann, map[string]string{"count": "many", "size": "l", "text": "t"}))
		if want := "reply hall privately: count must be a whole number from 0 to 99, not “many”. / Usage: /order count size text [loud]"; got != want {
			t.Errorf("filled in wrongly: got %q, want %q", got, want)
		}
	})
}

// fill is the event of the last form, sent off by somebody.
func (w *wire) fill(who User, values map[string]string) Event {
	deeds := w.deeds()
	for _, deed := range slices.Backward(deeds) {
		if deed.how == "ask" {
			return w.event(who, deed.chat, Submit{Token: deed.form.Do.Token(), Values: values})
		}
	}
	return Event{}
}
