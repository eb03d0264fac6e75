package discordtest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core/coretest"
)

type option = discordgo.ApplicationCommandOption

func command(name string, options ...*option) *discordgo.ApplicationCommand {
	for _, o := range options {
		if o.Description == "" {
			o.Description = "-"
		}
	}
	return &discordgo.ApplicationCommand{Name: name, Description: "-", Options: options}
}

func TestTyped(t *testing.T) {
	least := 1.0
	greet := command("greet", &option{Type: 6, Name: "who", Required: true}, &option{Type: 3, Name: "how"})
	order := command("order",
		&option{Type: 3, Name: "size", Required: true, Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "Very large", Value: "xl"}, {Name: "Very", Value: "v"}}},
		&option{Type: 4, Name: "count", MinValue: &least, MaxValue: 10}, &option{Type: 5, Name: "hot"}, &option{Type: 10, Name: "price"},
		&option{Type: 3, Name: "note"})
	repo := command("repo", &option{Type: 1, Name: "add", Options: []*option{{Type: 3, Name: "name", Description: "-", Required: true}}}, &option{Type: 1, Name: "list"})
	for _, tt := range []struct{ text, want string }{
		{"/greet @bob Good  evening", "who=BOB how=Good  evening"},
		{"/greet @bob", "who=BOB"},
		{"/greet how:Good evening, @bob who:@bob", "who=BOB how=Good evening, <@BOB>"},
		{"/greet @bob how: hi", "who=BOB how=hi"},
		{"/greet @bob https://a.example/how:x", "who=BOB how=https://a.example/how:x"},
		{"/greet", "missing"},
		{"/greet nobody", `"nobody" is not who`},
		{"/order very LARGE 3 true 1.5 to go", "size=xl count=3 hot=true price=1.5 note=to go"},
		{"/order very to go", "size=v note=to go"},
		{"/order very 11", "size=v price=11"},
		{"/order small", "is not size"},
		{"/order count:0 size:very", "is not count"},
		{"/ping now", `nothing takes "now"`},
		{"/repo add a/b", "add[name=a/b]"},
		{"/repo list", "list[]"},
		{"/repo remove", "no subcommand"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			online(t, func(b *bot) {
				b.srv.Say("alice", general, tt.text)
				if unsent := b.srv.Unsent(); len(unsent) > 0 {
					if !strings.Contains(unsent[0], tt.want) {
						t.Errorf("got %q, want %q", unsent, tt.want)
					}
					b.none("INTERACTION_CREATE")
					return
				}
				i := b.interaction()
				if got := strings.ReplaceAll(given(i), b.srv.ID("bob"), "BOB"); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if strings.HasPrefix(tt.want, "who") && i.Data.Resolved["users"][b.srv.ID("bob")] == nil {
					t.Errorf("got %v resolved, want bob", i.Data.Resolved)
				}
			}, greet, order, repo, ping)
		})
	}
}

func given(i *received) string {
	var out []string
	for _, o := range i.Data.Options {
		if o.Type == 1 {
			var inner []string
			for _, v := range o.Options {
				o := v.(map[string]any)
				inner = append(inner, fmt.Sprintf("%v=%v", o["name"], o["value"]))
			}
			out = append(out, o.Name+"["+strings.Join(inner, " ")+"]")
			continue
		}
		out = append(out, fmt.Sprintf("%s=%v", o.Name, o.Value))
	}
	return strings.Join(out, " ")
}

func TestScopes(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		_, err := b.ApplicationCommandBulkOverwrite(b.srv.Application(), b.srv.Guild(), []*discordgo.ApplicationCommand{command("here")})
		b.must(err)
		contexts := []discordgo.InteractionContextType{discordgo.InteractionContextGuild}
		b.publish(ping, &discordgo.ApplicationCommand{Name: "guildonly", Description: "-", Contexts: &contexts})
		b.Identify.Intents = words
		b.connect()
		b.srv.Say("alice", general, "/here")
		if i := b.interaction(); i.Data.Name != "here" {
			t.Errorf("got %+v, want /here", i.Data)
		}
		for _, text := range []string{"/here", "/guildonly"} {
			b.srv.Say("alice", coretest.Direct, text)
			if got := decode[said](b, b.event("MESSAGE_CREATE")); got.Content != text {
				t.Errorf("got %q, want %s as text", got.Content, text)
			}
		}
		before, err := b.ApplicationCommands(b.srv.Application(), "")
		b.must(err)
		b.publish(ping)
		after, err := b.ApplicationCommands(b.srv.Application(), "")
		b.must(err)
		if len(before) != 2 || len(after) != 1 || before[0].ID != after[0].ID || len(b.srv.Commands(b.srv.Guild())) != 1 {
			t.Errorf("got %v then %v, want ping with the same id", before, after)
		}
		_, err = b.ApplicationCommands("1", "")
		b.refused(err, 404, 10002, "Unknown Application")
		_, err = b.ApplicationCommands(b.srv.Application(), "1")
		b.refused(err, 403, 50001, "Missing Access")
	})
}

func TestBadCommands(t *testing.T) {
	many := func(n int, one string) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	for _, tt := range []struct{ name, body, path string }{
		{"upper case", `{"name":"Ping","description":"-"}`, `{"0":{"name"`},
		{"space", `{"name":"pi ng","description":"-"}`, `{"0":{"name"`},
		{"long name", `{"name":"` + strings.Repeat("a", 33) + `","description":"-"}`, `{"0":{"name"`},
		{"no description", `{"name":"ping"}`, `{"0":{"description"`},
		{"long description", `{"name":"ping","description":"` + strings.Repeat("a", 101) + `"}`, `{"0":{"description"`},
		{"twice", `{"name":"ping","description":"-"},{"name":"ping","description":"-"}`, "APPLICATION_COMMANDS_DUPLICATE_NAME"},
		{"required last", `{"name":"a","description":"-","options":[{"type":3,"name":"x","description":"-"},{"type":3,"name":"y","description":"-","required":true}]}`, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"},
		{"same option", `{"name":"a","description":"-","options":[` + many(2, `{"type":3,"name":"x","description":"-"}`) + `]}`, "must be unique"},
		{"many options", `{"name":"a","description":"-","options":[` + many(26, `{"type":3,"name":"x","description":"-"}`) + `]}`, "between 0 and 25"},
		{"many choices", `{"name":"a","description":"-","options":[{"type":3,"name":"x","description":"-","choices":[` + many(26, `{"name":"a","value":"b"}`) + `]}]}`, "between 0 and 25"},
		{"number in text", `{"name":"a","description":"-","options":[{"type":3,"name":"x","description":"-","choices":[{"name":"a","value":1}]}]}`, "STRING_TYPE_CONVERT"},
		{"unknown kind", `{"name":"a","description":"-","options":[{"type":12,"name":"x","description":"-"}]}`, `"type"`},
		{"mixed", `{"name":"a","description":"-","options":[{"type":1,"name":"x","description":"-"},{"type":3,"name":"y","description":"-"}]}`, "mutually exclusive"},
		{"too large", `{"name":"a","description":"-","options":[{"type":3,"name":"x","description":"-","choices":[` + manyChoices(25) + `]},{"type":3,"name":"y","description":"-","choices":[` + manyChoices(25) + `]}]}`, "maximum size"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, discordtest.Options{}, func(b *bot) {
				_, err := b.RequestWithBucketID("PUT", discordgo.EndpointApplicationGlobalCommands(b.srv.Application()), json.RawMessage("["+tt.body+"]"), "x")
				b.refused(err, 400, 50035, tt.path)
				if got := b.srv.Commands(""); len(got) != 0 {
					t.Errorf("got %v published, want nothing", got)
				}
			})
		})
	}
}

func manyChoices(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`{"name":"%0100d","value":"%0100d"}`, i, i))
	}
	return strings.Join(out, ",")
}
