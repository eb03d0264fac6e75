package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

// heardEvents are the events that decode understands.
var heardEvents = []string{"app_mention", "message", "app_uninstalled"}

// incoming is a delivery as an event, with what answering it takes.
type incoming struct {
	event   core.Event
	unsure  bool        // whether the chat is with the person alone, or between people
	trigger seal.Secret // opens one form, for a moment
	hook    hook
}

// Format prints nothing of what answering takes, whatever the verb.
func (incoming) Format(f fmt.State, _ rune) { fmt.Fprint(f, "an event from Slack") }

// decode makes an event of a delivery. It reports false for what nobody is to
// hear of. known says which names are commands.
func decode(d delivery, me self, known func(string) bool, now time.Time) (incoming, bool) {
	in := incoming{event: core.Event{At: now}}
	switch {
	case d.command != nil:
		return in.commanded(*d.command, me, known)
	case d.act != nil && d.act.Type == "block_actions":
		return in.pressed(*d.act)
	case d.act != nil && d.act.Type == "view_submission":
		return in.submitted(*d.act)
	case d.event != nil:
		return in.happened(*d.event, me, known)
	}
	return in, false
}

// from says where something comes from. All chats whose ids begin with D have two
// people in it, but only in one of them the other is the bot.
func (in *incoming) from(team, key, user, channel, thread string) bool {
	in.event.Key = platform + ":" + team + ":" + key
	in.event.From = core.User{Platform: platform, Team: team, ID: user}
	in.event.Chat = core.Chat{Platform: platform, Team: team, ID: channel, Thread: thread}
	in.unsure = strings.HasPrefix(channel, "D")
	return key != "" && user != "" && channel != ""
}

// identity names what a trigger came with. The trigger itself, which opens a form,
// is not to be kept.
func identity(trigger seal.Secret) string {
	if trigger == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(trigger.Reveal()))
	return hex.EncodeToString(sum[:16])
}

// commanded is a slash command. That of the bot's own name, and one that is of
// another, has the command in its text.
func (in incoming) commanded(c slash, me self, known func(string) bool) (incoming, bool) {
	ok := in.from(c.Team, identity(c.Trigger), c.User, c.Channel, c.Thread)
	in.event.From.Name, in.trigger, in.hook = c.Name, c.Trigger, newHook(c.ResponseURL, in.event.At)
	name, rest := strings.ToLower(strings.TrimPrefix(c.Command, "/")), strings.TrimSpace(spell(c.Text, c.Team))
	inner, left := cutWord(rest)
	switch {
	case known(name):
	case name == commandName(me.Name) && inner == "":
		name = "help"
	case name == commandName(me.Name) || known(inner):
		name, rest = inner, left
	}
	in.event.What = core.Call{Name: name, Rest: rest}
	return in, ok && name != ""
}

// cutWord cuts the name of a command off a text.
func cutWord(text string) (name, rest string) {
	text = strings.TrimPrefix(text, "/")
	if i := strings.IndexAny(text, " \t\n"); i >= 0 {
		text, rest = text[:i], strings.TrimSpace(text[i:])
	}
	return strings.ToLower(text), rest
}

// pressed is a press on a button or a choice in a select. A press on a link comes
// too, and says nothing.
func (in incoming) pressed(act interaction) (incoming, bool) {
	if len(act.Actions) == 0 {
		return in, false
	}
	channel, ts, press := act.Channel.ID, act.Container.TS, act.Actions[0]
	if channel == "" {
		channel = act.Container.Channel
	}
	ok := in.acted(act, channel, threadOf(act.Container.Thread, ts))
	in.hook = newHook(act.ResponseURL, in.event.At)
	in.event.On = core.Ref{Chat: in.event.Chat, Token: seal.Secret(ts)}
	if act.Container.Ephemeral {
		in.event.On.Token, in.event.On.Until = seal.Secret(fleeting+ts), in.event.At
	}
	what := core.Press{Token: press.Value}
	if strings.HasSuffix(press.Type, "static_select") {
		what.Token = seal.Secret(press.ID)
		if press.Choice != nil {
			what.Values = []string{press.Choice.Value}
		}
		for _, o := range press.Picked {
			what.Values = append(what.Values, o.Value)
		}
	}
	in.event.What = what
	return in, ok && what.Token != "" && act.Container.TS != ""
}

// threadOf is the thread of a message; one that has answers names itself.
func threadOf(thread, ts string) string {
	if thread == ts {
		return ""
	}
	return thread
}

func (in *incoming) acted(act interaction, channel, thread string) bool {
	team := act.Team.ID
	if team == "" {
		team = act.User.Team
	}
	ok := in.from(team, identity(act.Trigger), act.User.ID, channel, thread)
	in.event.From.Name, in.trigger = act.User.Name, act.Trigger
	return ok
}

// origin is what a modal carries along, because Slack does not say where it was
// opened.
type origin struct {
	Token   string `json:"t"`
	Channel string `json:"c"`
	Thread  string `json:"h,omitempty"`
	Direct  bool   `json:"d,omitempty"`
	On      string `json:"o,omitempty"` // the message that was pressed
	Hook    string `json:"u,omitempty"`
	Until   int64  `json:"x,omitempty"` // of the hook
}

// Format prints nothing: the hook is an address that anybody can post to.
func (origin) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

// submitted is a modal that was filled in.
func (in incoming) submitted(act interaction) (incoming, bool) {
	var from origin
	if json.Unmarshal([]byte(act.View.Metadata), &from) != nil {
		return in, false // not one of ours
	}
	ok := in.acted(act, from.Channel, from.Thread)
	in.event.Chat.Direct, in.unsure = from.Direct, false
	if from.On != "" {
		in.event.On = core.Ref{Chat: in.event.Chat, Token: seal.Secret(from.On)}
	}
	in.hook = hook{url: seal.Secret(from.Hook), until: time.Unix(from.Until, 0), left: hookUses}
	what := core.Submit{Token: seal.Secret(from.Token), Values: map[string]string{}}
	for name, elements := range act.View.State.Values {
		for _, e := range elements {
			what.Values[name] = e.Value
			if e.Choice != nil {
				what.Values[name] = e.Choice.Value
			}
		}
	}
	in.event.What = what
	return in, ok && what.Token != ""
}

// heardSubtypes are those of messages that somebody has just written.
var heardSubtypes = []string{"", "file_share", "thread_broadcast"}

// slackbot is whom Slack itself speaks as.
const slackbot = "USLACKBOT"

// happened is an event of the Events API.
func (in incoming) happened(c callback, me self, known func(string) bool) (incoming, bool) {
	e := c.Event
	switch {
	case e.Type == "app_uninstalled": // tokens_revoked is no end: one token is, others may be good
		in.from(c.Team, c.ID, "", "", "")
		in.event.What = core.Gone{}
		return in, c.ID != ""
	case e.Type != "app_mention" && e.Type != "message", e.Bot != "", e.User == me.User, e.User == slackbot, !slices.Contains(heardSubtypes, e.Subtype):
		return in, false
	}
	// The message that mentions the bot comes as a message as well where the app
	// listens to the channel; and what comes again has the same time.
	ok := in.from(c.Team, e.Channel+":"+e.TS, e.User, e.Channel, threadOf(e.Thread, e.TS))
	in.event.Chat.Direct, in.unsure = e.ChannelType == "im", false
	in.event.At = timeOf(e.TS, in.event.At)
	in.event.What = said(e, c.Team, me, in.event.Chat.Direct, known)
	return in, ok && e.TS != ""
}

var mention = regexp.MustCompile(`^\s*<@([A-Z0-9]+)(?:\|[^>]*)?>[\s,:]*`)

// said is what a message means: a command where the bot is addressed and the
// first word is the name of one, or begins with a slash.
func said(e occurrence, team string, me self, direct bool, known func(string) bool) core.What {
	text, addressed := e.Text, direct
	if m := mention.FindStringSubmatch(text); m != nil && m[1] == me.User {
		text, addressed = text[len(m[0]):], true
	}
	text = strings.TrimSpace(spell(text, team))
	name, rest := cutWord(text)
	if addressed && (known(name) || strings.HasPrefix(text, "/") && name != "") {
		return core.Call{Name: name, Rest: rest}
	}
	toMe := addressed || e.Type == "app_mention" || strings.Contains(e.Text, "<@"+me.User+">")
	return core.Said{Text: text, ToMe: toMe}
}

// timeOf is the time of a message: its ts is one, with a dot.
func timeOf(ts string, otherwise time.Time) time.Time {
	whole, _, _ := strings.Cut(ts, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds <= 0 {
		return otherwise
	}
	return time.Unix(seconds, 0)
}
