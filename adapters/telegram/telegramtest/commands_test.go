package telegramtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/usherbot/usher/adapters/telegram/telegramtest"
)

func TestCommands(t *testing.T) {
	bubble(t, telegramtest.Options{}, func(b bot) {
		var got []telegramtest.Command
		list := func(scope, language string) []telegramtest.Command {
			b.ask("getMyCommands", params{"scope": scope, "language_code": language}, &got)
			return got
		}
		ping := []telegramtest.Command{{Name: "ping", Summary: "Answers"}}
		pong := []telegramtest.Command{{Name: "pong", Summary: "Antwortet"}}
		const private = `{"type":"all_private_chats"}`
		if got := list("", ""); got == nil || len(got) != 0 {
			t.Errorf("got %v, want an empty list", got)
		}
		b.ask("setMyCommands", params{"commands": asJSON(ping)}, nil)
		b.ask("setMyCommands", params{"commands": asJSON(pong), "scope": private, "language_code": "de"}, nil)
		b.ask("setMyCommands", params{"commands": asJSON(pong), "scope": `{"type":"chat_member","chat_id":-1001,"user_id":5}`}, nil)
		if got := list(`{"type":"default"}`, ""); !slices.Equal(got, ping) {
			t.Errorf("got %v, want %v", got, ping)
		}
		if got := list(private, ""); len(got) != 0 {
			t.Errorf("got %v, want none: that list is German", got)
		}
		for _, scope := range []string{"all_private_chats/de", "chat_member:-1001:5"} {
			if got := b.srv.Commands(scope); !slices.Equal(got, pong) {
				t.Errorf("%s: got %v, want %v", scope, got, pong)
			}
		}
		b.ask("deleteMyCommands", nil, nil)
		if got := b.srv.Commands("default"); len(got) != 0 {
			t.Errorf("got %v, want none", got)
		}
	})
}

func TestCommandLimits(t *testing.T) {
	x := strings.Repeat
	command := func(name, summary string) []telegramtest.Command {
		return []telegramtest.Command{{Name: name, Summary: summary}}
	}
	for _, c := range []struct {
		name  string
		list  []telegramtest.Command
		scope string
		lang  string
		want  string
	}{
		{"longest", command(x("a", 32), x("é", 256)), "", "", ""},
		{"long name", command(x("a", 33), "a"), "", "", "BOT_COMMAND_INVALID"},
		{"no name", command("", "a"), "", "", "BOT_COMMAND_INVALID"},
		{"hyphen", command("a-b", "a"), "", "", "BOT_COMMAND_INVALID"},
		{"capitals", command("A", "a"), "", "", "BOT_COMMAND_INVALID"},
		{"long summary", command("a", x("é", 257)), "", "", "BOT_COMMAND_DESCRIPTION_INVALID"},
		{"no summary", command("a", ""), "", "", "BOT_COMMAND_DESCRIPTION_INVALID"},
		{"most", slices.Repeat(command("a", "a"), 100), "", "", ""},
		{"too many", slices.Repeat(command("a", "a"), 101), "", "", "BOT_COMMANDS_TOO_MUCH"},
		{"scope", nil, `{"type":"everybody"}`, "", "can't parse BotCommandScope: Unsupported type specified"},
		{"no scope", nil, `[]`, "", "can't parse BotCommandScope JSON object"},
		{"language", nil, "", "deu", "invalid language code specified"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, telegramtest.Options{}, func(b bot) {
				p := params{"commands": asJSON(c.list), "scope": c.scope, "language_code": c.lang}
				if c.want == "" {
					b.ask("setMyCommands", p, nil)
				} else {
					b.refused("setMyCommands", p, 400, "Bad Request: "+c.want)
				}
			})
		})
	}
	bubble(t, telegramtest.Options{}, func(b bot) {
		b.refused("setMyCommands", params{"commands": "ping"}, 400, "Bad Request: can't parse list of bot commands JSON object")
	})
}
