package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/seal"
)

func (u user) core(m *member, locale string) core.User {
	out := core.User{Platform: platform, ID: u.ID, Name: u.Name, Locale: locale}
	if u.GlobalName != "" {
		out.Name = u.GlobalName
	}
	if m != nil && m.Nick != "" {
		out.Name = m.Nick
	}
	return out
}

// kind is what somebody did.
type kind int

const (
	said kind = iota
	called
	pressed
	submitted
)

// incoming is an event, with what answering it takes.
type incoming struct {
	event core.Event
	kind  kind
	id    string // of the message or interaction
	app   string
	token seal.Secret // of the interaction
}

// onOwn reports whether this came from a message that only its person sees, by a
// press on it or by the form that a press opened: its token then changes that message.
func (in incoming) onOwn() bool { return !in.event.On.Until.IsZero() }

// parse reads an interaction off the wire.
func parse(raw []byte) (interaction, error) {
	var it interaction
	if err := json.Unmarshal(raw, &it); err != nil {
		return it, fmt.Errorf("decode interaction: %w", shapeless(err))
	}
	if it.ID == "" || it.Type == 0 {
		return it, errors.New("decode interaction: it has no id or type")
	}
	return it, nil
}

// shapeless is an error of package json without the value that it quotes.
func shapeless(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is no %s", wrong.Field, wrong.Type)
	}
	return errors.New("it is no JSON of this kind")
}

// decode makes an event of an interaction. It reports false for what nobody is to
// hear of.
func decode(it interaction, now time.Time) (incoming, bool) {
	who := it.User
	if it.Member != nil {
		who = it.Member.User
	}
	if who == nil || who.ID == "" || it.In == "" || it.Token == "" {
		return incoming{}, false
	}
	in := incoming{id: it.ID, app: it.App, token: it.Token, event: core.Event{
		Key: key(it.App, it.ID), At: now, From: who.core(it.Member, it.Locale), Chat: it.chat(),
	}}
	if it.Message != nil {
		in.event.On = it.pressedOn(in.event.Chat, now)
	}
	switch discordgo.InteractionType(it.Type) {
	case discordgo.InteractionApplicationCommand:
		in.kind, in.event.What = called, it.Data.call()
		return in, it.Data.Type <= int(discordgo.ChatApplicationCommand) && it.Data.Name != ""
	case discordgo.InteractionMessageComponent:
		in.kind, in.event.What = pressed, core.Press{Token: tokenOf(it.Data.CustomID), Values: it.Data.Values}
		return in, it.Message != nil
	case discordgo.InteractionModalSubmit:
		in.kind, in.event.What = submitted, core.Submit{Token: tokenOf(it.Data.CustomID), Values: filled(it.Data.Components)}
		return in, true
	}
	return in, false
}

// key is unique among what happens to an application: ids are.
func key(app, id string) string { return platform + ":" + app + ":" + id }

// tokenOf is the token that an id of a control was made of.
func tokenOf(id string) seal.Secret {
	token, _, _ := strings.Cut(id, between)
	return seal.Secret(token)
}

// botDM is the context of the chat with the bot, as discordgo has it; channels
// have a type of their own for it.
const channelDM = int(discordgo.ChannelTypeDM)

func (it interaction) chat() core.Chat {
	direct := it.Guild == "" && it.Channel.Type == channelDM
	if it.Context != nil { // with people among each other a channel has that type too
		direct = *it.Context == int(discordgo.InteractionContextBotDM)
	}
	return core.Chat{Platform: platform, ID: it.In, Direct: direct}
}

// pressedOn is the message that was pressed. What only one person sees can be
// changed from now on by the token of the press.
func (it interaction) pressedOn(chat core.Chat, now time.Time) core.Ref {
	if it.Message.Flags&flagPrivate == 0 {
		return byID(chat, it.Message.ID)
	}
	return location{app: it.App, token: it.Token, message: it.Message.ID}.ref(chat, until(now))
}

// call is a command, with the values of its options by name.
func (d data) call() core.Call {
	call, options := core.Call{Name: d.Name, Args: map[string]string{}}, d.Options
	for len(options) == 1 && options[0].isSub() {
		call.Name, options = call.Name+" "+options[0].Name, options[0].Options
	}
	for _, o := range options {
		call.Args[o.Name] = o.value()
	}
	return call
}

func (o option) isSub() bool {
	t := discordgo.ApplicationCommandOptionType(o.Type)
	return t == discordgo.ApplicationCommandOptionSubCommand || t == discordgo.ApplicationCommandOptionSubCommandGroup
}

// value is a value as core takes it: a person by key, all else as text.
func (o option) value() string {
	var text string
	if json.Unmarshal(o.Value, &text) != nil {
		return string(o.Value) // a number, or true or false
	}
	if discordgo.ApplicationCommandOptionType(o.Type) == discordgo.ApplicationCommandOptionUser {
		return core.User{Platform: platform, ID: text}.Key()
	}
	return text
}

// filled are the values of a form, by input. Labels hold one each, as the older
// rows did.
func filled(components []component) map[string]string {
	values := map[string]string{}
	for _, c := range components {
		inside := c.Components
		if c.Component != nil {
			inside = []component{*c.Component}
		}
		for _, in := range inside {
			if in.Type == typeSelect {
				in.Value = strings.Join(in.Values, ",")
			}
			values[in.CustomID] = in.Value
		}
	}
	return values
}

// decodeMessage makes an event of a message. It reports false for what bots say,
// this one among them, and what has no words for it.
func decodeMessage(m message, me self) (incoming, bool) {
	who := m.Author
	if who == nil || who.Bot || who.ID == "" || who.ID == me.User || m.Webhook != "" || m.In == "" ||
		m.Type != int(discordgo.MessageTypeDefault) && m.Type != int(discordgo.MessageTypeReply) {
		return incoming{}, false
	}
	chat := core.Chat{Platform: platform, ID: m.In, Direct: m.Guild == ""}
	in := incoming{kind: said, id: m.ID, event: core.Event{Key: key(me.ID, m.ID), At: m.At, From: who.core(m.Member, ""), Chat: chat}}
	if r := m.ReplyTo; r != nil && r.Author != nil && r.Author.ID == me.User {
		in.event.On = byID(chat, r.ID)
	}
	toMe := slices.ContainsFunc(m.Mentions, func(u user) bool { return u.ID == me.User })
	in.event.What = core.Said{Text: spell(m.Content, me), ToMe: toMe || chat.Direct}
	return in, m.Content != ""
}

var mentioned = regexp.MustCompile(`<@!?([0-9]{1,20})>`)

// spell is what somebody wrote, without the bot's name at its beginning and with
// keys in place of the people it mentions.
func spell(text string, me self) string {
	text = strings.TrimSpace(text)
	if at := mentioned.FindStringSubmatchIndex(text); at != nil && at[0] == 0 && text[at[2]:at[3]] == me.User {
		text = strings.TrimSpace(text[at[1]:])
	}
	return mentioned.ReplaceAllStringFunc(text, func(m string) string {
		return core.User{Platform: platform, ID: strings.Trim(m, "<@!>")}.Key()
	})
}
