package core

import (
	"time"

	"github.com/usherbot/usher/core/markup"
	"github.com/usherbot/usher/core/seal"
)

// Message is what the bot says, on any platform. What a platform cannot show,
// Fit replaces by what it can.
type Message struct {
	Text    markup.Text // a constant converts; a variable must pass markup.F or Plain, which escape
	Embeds  []Embed
	Image   *Image // shown with the text
	Rows    [][]Control
	Private bool   // only for the person who asked; only a Responder may send it
	Answer  bool   // a question: the person is to reply to this very message
	Key     string // the same key again is shown once where the platform can; up to 25 characters
}

// Tone is how something is meant, shown as colour, style or emoji as the
// platform has it, and never the only way in which a meaning is told.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Main       // what most people will want
	Good
	Bad // an error, or what destroys
)

// Image is a picture that the bot has made: PNG, JPEG or GIF.
type Image struct {
	Data  []byte
	Alt   string    // what it shows, for who cannot see it
	Until time.Time // nobody needs it after that: a platform that keeps a file of it deletes that then; zero: never
}

// Embed is a card: a titled box in a message.
type Embed struct {
	Title, URL, Image, Footer string
	Text                      markup.Text
	Tone                      Tone
	Fields                    []Field
}

// Field is a named value in an embed.
type Field struct {
	Name  string
	Value markup.Text
	Short bool // may stand beside another
}

// Control is something to press: a Button, Link, Copy or Select.
type Control interface{ control() }

type (
	// Button does something when pressed.
	Button struct {
		Label string
		Tone  Tone
		Do    Action
	}
	// Link opens a page. One to a loopback host is shown as text where the
	// platform refuses it.
	Link struct{ Label, URL string }
	// Copy copies its text on a tap; elsewhere the text is shown as code.
	Copy struct{ Label, Text string }
	// Select offers choices. Max of 0 means 1.
	Select struct {
		Hint     string
		Choices  []Choice
		Min, Max int
		Do       Action
	}
	// Choice is one of several. An empty Value is its Label.
	Choice struct{ Label, Value string }
)

func (Button) control() {}
func (Link) control()   {}
func (Copy) control()   {}
func (Select) control() {}

// Form asks for several things at once.
type Form struct {
	Title  string
	Inputs []Input
	Do     Action
}

// Input is one thing that a form asks for. With Choices it is one of them.
type Input struct {
	Name, Label, Hint string
	Value             string // what stands there at first
	Long, Optional    bool
	Max               int // characters; 0: as many as the platform allows
	Choices           []Choice
}

// Action says what a press means. Before an adapter sees one, core gives it a
// token of at most 64 characters [A-Za-z0-9_-], signed; what does not fit waits
// in the store under a random one.
type Action struct {
	Name string   // as registered with Bot.On
	Args []string // up to about 34 bytes with the name travel in the token
	Only User     // who may press; zero: anyone in the chat
	For  time.Duration
	Once bool // taken by the first press

	token  seal.Secret
	picked *string // Fit: the value that this button of a select stands for
}

// DefaultFor is how long an action can be pressed when its For is zero.
const DefaultFor = 24 * time.Hour

// Token is what the platform is to hand back when the action is pressed. It is
// set on every action of a message or form that an adapter is given.
func (a Action) Token() seal.Secret { return a.token }

// WithToken returns a with a token, for the tests of adapters.
func (a Action) WithToken(t seal.Secret) Action {
	a.token = t
	return a
}
