package core

import (
	"net/url"
	"strings"
	"time"

	"github.com/usherbot/usher/core/seal"
)

// User is somebody on a chat platform.
type User struct {
	Platform string
	Team     string // the workspace that ID is scoped to; empty where ids are global
	ID       string
	Name     string // for display, never for identity
	Locale   string // for display; an IETF language tag, or empty
}

// Key identifies a user among all platforms: platform:team:id, each escaped.
func (u User) Key() string { return key(u.Platform, u.Team, u.ID) }

// Is reports whether u and other are the same user, whatever their names.
func (u User) Is(other User) bool {
	return u.Platform == other.Platform && u.Team == other.Team && u.ID == other.ID
}

// UserOf is the user of a Key, without name and locale. It reports false for
// what is no key.
func UserOf(userKey string) (User, bool) {
	parts := strings.Split(userKey, ":")
	if len(parts) != 3 {
		return User{}, false
	}
	for i := range parts {
		part, err := url.PathUnescape(parts[i])
		if err != nil {
			return User{}, false
		}
		parts[i] = part
	}
	return User{Platform: parts[0], Team: parts[1], ID: parts[2]}, parts[0] != "" && parts[2] != ""
}

// Chat is a place where messages are sent.
type Chat struct {
	Platform, Team, ID string
	Thread             string // the part of the chat that is meant, where it has parts
	Direct             bool   // only the person and the bot are in it
}

// Key identifies a chat among all platforms.
func (c Chat) Key() string { return key(c.Platform, c.Team, c.ID, c.Thread) }

var escapeKey = strings.NewReplacer("%", "%25", ":", "%3A")

func key(parts ...string) string {
	size := len(parts) - 1
	for _, p := range parts {
		size += len(p)
	}
	var b strings.Builder
	b.Grow(size)
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(':')
		}
		if strings.ContainsAny(p, "%:") {
			p = escapeKey.Replace(p)
		}
		b.WriteString(p)
	}
	return b.String()
}

// Ref points at a message that was sent, so that it can be edited later, also
// after a restart and by another process. The zero Ref points at none.
type Ref struct {
	Chat  Chat
	Token seal.Secret // its adapter's own; nobody else reads it
	// Until is the end of the time in which the bot can edit the message by
	// itself; zero: no end. After it only a press on the message revives it: the
	// press's Event.On is the fresh Ref.
	Until time.Time
}

// Event is something that happened on a platform, as its adapter hands it over.
type Event struct {
	Key  string // unique per delivery; a repeat of it is dropped
	At   time.Time
	From User
	Chat Chat
	On   Ref // the message whose control was pressed, or that was replied to
	What What
	Back Responder
	// Safe is called once, when a crash can no longer lose the event: then the
	// platform may be told that it was taken. It may be nil.
	Safe func()
	// Done is called at most once, when nothing more is made of the event: its
	// handler has ended, whether it has answered or not; or it was a repeat of one
	// that is handled here or by another process. It may be nil.
	Done func(repeat bool)
}

// What is what happened: a Call, Press, Submit, Said, Hello or Gone.
type What interface{ what() }

type (
	// Call is a command.
	Call struct {
		Name string            // without a slash; subcommands follow after a space
		Args map[string]string // by option, where the platform types them
		Rest string            // else the text after the name
	}
	// Press is a press on a button, or a choice in a select. Event.On is zero
	// when it came through a deep link: there is no message to update.
	Press struct {
		Token  seal.Secret
		Values []string
	}
	// Submit is a form that was filled in.
	Submit struct {
		Token  seal.Secret
		Values map[string]string // by input
	}
	// Said is a message that is no command.
	Said struct {
		Text string
		ToMe bool // in a direct chat, or the bot was addressed by name
	}
	// Hello says that somebody has opened the chat with the bot for the first time,
	// and is to be greeted.
	Hello struct{}
	// Gone says that the workspace of the chat removed the bot.
	Gone struct{}
)

func (Call) what()   {}
func (Press) what()  {}
func (Submit) what() {}
func (Said) what()   {}
func (Hello) what()  {}
func (Gone) what()   {}
