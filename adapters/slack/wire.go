package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/usherbot/usher/core/seal"
)

// The kinds of deliveries, as Socket Mode calls them.
const (
	ofEvents   = "events_api"
	ofCommands = "slash_commands"
	ofPresses  = "interactive"
)

// delivery is what Slack delivers, as far as the bot listens; one of its fields
// is set. The client library's own parsers refuse what they do not know yet.
type delivery struct {
	event   *callback
	command *slash
	act     *interaction
}

// callback is a delivery of the Events API.
type callback struct {
	Type      string     `json:"type"`
	Challenge string     `json:"challenge"`
	Team      string     `json:"team_id"`
	Via       string     `json:"context_team_id"` // whose installation hears of it
	Org       string     `json:"enterprise_id"`
	For       []struct { // the installations that hear of it, or one of them
		Team string `json:"team_id"`
		Org  string `json:"enterprise_id"`
	} `json:"authorizations"`
	ID    string     `json:"event_id"`
	Event occurrence `json:"event"`
}

type occurrence struct {
	Type        string `json:"type"`
	Subtype     string `json:"subtype"`
	User        string `json:"user"`
	Bot         string `json:"bot_id"`
	Text        string `json:"text"`
	Channel     string `json:"channel"`
	ChannelType string `json:"channel_type"`
	TS          string `json:"ts"`
	Thread      string `json:"thread_ts"`
}

// slash is a slash command.
type slash struct {
	Team        string      `json:"team_id"`
	Org         string      `json:"enterprise_id"`
	Channel     string      `json:"channel_id"`
	Thread      string      `json:"thread_ts"`
	User        string      `json:"user_id"`
	Name        string      `json:"user_name"`
	Command     string      `json:"command"`
	Text        string      `json:"text"`
	ResponseURL seal.Secret `json:"response_url"`
	Trigger     seal.Secret `json:"trigger_id"`
}

// interaction is a press, a choice, or a modal that was sent.
type interaction struct {
	Type string `json:"type"`
	Team struct {
		ID string `json:"id"`
	} `json:"team"`
	User struct {
		ID   string `json:"id"`
		Team string `json:"team_id"`
		Name string `json:"name"`
	} `json:"user"`
	Trigger     seal.Secret `json:"trigger_id"`
	ResponseURL seal.Secret `json:"response_url"`
	Channel     struct {
		ID string `json:"id"`
	} `json:"channel"`
	Container struct {
		TS        string `json:"message_ts"`
		Thread    string `json:"thread_ts"`
		Channel   string `json:"channel_id"`
		Ephemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
	Actions []action `json:"actions"`
	View    struct {
		Metadata string `json:"private_metadata"`
		State    struct {
			Values map[string]map[string]entered `json:"values"`
		} `json:"state"`
	} `json:"view"`
}

type action struct {
	ID     string      `json:"action_id"`
	Type   string      `json:"type"`
	Value  seal.Secret `json:"value"`
	Choice *option     `json:"selected_option"`
	Picked []option    `json:"selected_options"`
}

// entered is what stands in an input of a modal.
type entered struct {
	Value  string  `json:"value"`
	Choice *option `json:"selected_option"`
}

type option struct {
	Value string `json:"value"`
}

// parse reads a delivery off the wire.
func parse(kind string, raw []byte) (delivery, error) {
	var d delivery
	var err error
	switch kind {
	case ofEvents:
		d.event = &callback{}
		err = json.Unmarshal(raw, d.event)
	case ofCommands:
		d.command = &slash{}
		err = json.Unmarshal(raw, d.command)
	case ofPresses:
		d.act = &interaction{}
		err = json.Unmarshal(raw, d.act)
	default:
		return d, fmt.Errorf("decode delivery: there is no kind %.20q", kind)
	}
	if err != nil && !d.unheard(err) {
		return delivery{}, fmt.Errorf("decode delivery of %s: %w", kind, wrongType(err))
	}
	return d, nil
}

// unheard reports whether an error does not matter, because it is of an event
// that nobody listens to: in some of them a user is more than an id.
func (d delivery) unheard(err error) bool {
	_, wrong := errors.AsType[*json.UnmarshalTypeError](err)
	return wrong && d.event != nil && d.event.Event.Type != "" && !slices.Contains(heardEvents, d.event.Event.Type)
}

// parseForm reads a slash command as it comes over HTTP.
func parseForm(form url.Values) delivery {
	return delivery{command: &slash{
		Team: form.Get("team_id"), Org: form.Get("enterprise_id"), Channel: form.Get("channel_id"), Thread: form.Get("thread_ts"),
		User: form.Get("user_id"), Name: form.Get("user_name"), Command: form.Get("command"), Text: form.Get("text"),
		ResponseURL: seal.Secret(form.Get("response_url")), Trigger: seal.Secret(form.Get("trigger_id")),
	}}
}

// wrongType is an error of encoding/json without what it quotes.
func wrongType(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s is of another type", wrong.Field)
	}
	return errors.New("it is no JSON")
}
