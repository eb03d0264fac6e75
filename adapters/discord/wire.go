package discord

import (
	"encoding/json"
	"time"

	"github.com/usherbot/usher/core/seal"
)

// interaction is a command, a press or a form, as Discord sends it: the same over
// the gateway and over HTTP. discordgo's own type fails on components that are
// newer than it.
type interaction struct {
	ID      string      `json:"id"`
	App     string      `json:"application_id"`
	Token   seal.Secret `json:"token"`
	Type    int         `json:"type"`
	Data    data        `json:"data"`
	Guild   string      `json:"guild_id"`
	In      string      `json:"channel_id"`
	Channel struct {
		ID   string `json:"id"`
		Type int    `json:"type"`
	} `json:"channel"`
	Context *int     `json:"context"`
	Member  *member  `json:"member"` // in a guild
	User    *user    `json:"user"`   // elsewhere
	Message *message `json:"message"`
	Locale  string   `json:"locale"`
}

type data struct {
	Name       string      `json:"name"`
	Type       int         `json:"type"`
	Options    []option    `json:"options"`
	CustomID   string      `json:"custom_id"`
	Values     []string    `json:"values"`
	Components []component `json:"components"`
}

// option is one that was given, or a subcommand with those.
type option struct {
	Name    string          `json:"name"`
	Type    int             `json:"type"`
	Value   json.RawMessage `json:"value"`
	Options []option        `json:"options"`
}

// message is one in a chat.
type message struct {
	ID       string    `json:"id"`
	In       string    `json:"channel_id"`
	Guild    string    `json:"guild_id"`
	Type     int       `json:"type"`
	Flags    int       `json:"flags"`
	Content  string    `json:"content"`
	At       time.Time `json:"timestamp"`
	Author   *user     `json:"author"`
	Member   *member   `json:"member"`
	Webhook  string    `json:"webhook_id"`
	Mentions []user    `json:"mentions"`
	ReplyTo  *message  `json:"referenced_message"`
	Answers  *struct {
		ID string `json:"id"`
	} `json:"interaction_metadata"`
}

type member struct {
	User *user  `json:"user"`
	Nick string `json:"nick"`
}

type user struct {
	ID         string `json:"id"`
	Bot        bool   `json:"bot"`
	Name       string `json:"username"`
	GlobalName string `json:"global_name"`
}
