package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest/stand"
)

// many kinds of commands, as somebody might declare them.
func declaredCommands() []core.Command {
	return []core.Command{
		{Name: "greet", Summary: "Greets", Options: []core.Option{
			core.Person("who", "whom to greet").Required(),
			core.Int("times", "how often").Range(0, 5),
			core.String("how", "in which words").Range(1, 100),
			core.Bool("loud", strings.Repeat("x", 150)),
			core.Pick("size", "", core.Choice{Label: "Small", Value: "s"}, core.Choice{Label: "Large"}),
			core.Int("any", "any number"),
		}},
		{Name: "repo", Summary: "Repositories", Sub: []core.Command{
			{Name: "add", Summary: "Adds one", Private: true, Options: []core.Option{core.String("name", "owner/name").Required()}},
			{Name: "key", Summary: "Keys", Sub: []core.Command{
				{Name: "add", Summary: "Adds one", Needs: core.Login("demo")},
			}},
		}},
	}
}

func TestPublish(t *testing.T) {
	for _, guild := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			srv := discordtest.New(t, discordtest.Options{})
			c := settings(srv)
			put, get := "PUT /applications/{application_id}/commands", "GET /applications/{application_id}/commands"
			if guild {
				c.Guild = srv.Guild()
				put, get = "PUT /applications/{application_id}/guilds/{guild_id}/commands", "GET /applications/{application_id}/guilds/{guild_id}/commands"
			}
			publish := func(cmds []core.Command, write bool, writes int) {
				t.Helper()
				a := New(c)
				if err := a.Publish(t.Context(), cmds, write); err != nil {
					t.Fatal(err)
				}
				if got := len(srv.Requests(put)); got != writes {
					t.Errorf("got %d lists written so far, want %d", got, writes)
				}
				private := *a.private.Load()
				if write && len(cmds) > 1 && (private["greet"] || !private["repo add"] || !private["repo key add"]) {
					t.Errorf("got %v taken for private, want those that are, and those that need a login", private)
				}
			}
			publish(declaredCommands(), false, 0)
			if len(srv.Requests(get)) != 0 {
				t.Error("got the list read by a bot that must not write, want it left alone")
			}
			publish(declaredCommands(), true, 1)
			publish(declaredCommands(), true, 1)
			publish(declaredCommands()[:1], true, 2)
			publish(declaredCommands()[:1], true, 2)
			checkRequests(t, srv)
		})
	}
}

// What Discord has no place for, it is not simply left without.
func TestTooDeep(t *testing.T) {
	many := make([]core.Option, maxOptions+1)
	for i := range many {
		many[i] = core.String(fmt.Sprint("o", i), "An option")
	}
	wide := make([]core.Command, maxOptions+1)
	for i := range wide {
		wide[i] = core.Command{Name: fmt.Sprint("c", i)}
	}
	err := New(Config{Token: testToken}).Publish(t.Context(), []core.Command{
		{Name: "repo", Sub: []core.Command{{Name: "key", Sub: []core.Command{{Name: "deep", Sub: []core.Command{{Name: "er"}}}}}}},
		{Name: "long", Options: many},
		{Name: "wide", Sub: wide},
		{Name: "fine", Options: many[1:]},
	}, false)
	want := "command repo key deep: Discord has subcommands on two levels only. Move what is below it up\n" +
		"command long: it has 26 options, and Discord takes 25\n" +
		"command wide: it has 26 subcommands, and Discord takes 25"
	if fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestMenu(t *testing.T) {
	a := New(Config{Token: testToken})
	adaptertest.Golden(t, "render/commands", a.menu(declaredCommands()))
}

// What Discord fills in by itself is no difference, and all else is.
func TestSame(t *testing.T) {
	want := New(Config{Token: testToken}).menu([]core.Command{{Name: "ping", Summary: "Answers"}, {Name: "a", Summary: "b"}})
	const a = `{"id":"1","version":"2","application_id":"3","type":1,"name":"a","description":"b","contexts":[1,0],"integration_types":[0],"nsfw":false,"default_member_permissions":null,"name_localizations":null,"description_localizations":{},"options":[]}`
	tests := []struct {
		name, have string
		same       bool
	}{
		{"filled in and in another order", `[{"name":"ping","description":"Answers","contexts":[0,1],"integration_types":[0],"type":1},` + a + `]`, true},
		{"one less", `[` + a + `]`, false},
		{"another description", `[{"name":"ping","description":"Answered","contexts":[0,1],"integration_types":[0],"type":1},` + a + `]`, false},
		{"for admins only", `[{"name":"ping","description":"Answers","contexts":[0,1],"integration_types":[0],"default_member_permissions":"8"},` + a + `]`, false},
		{"in more places", `[{"name":"ping","description":"Answers","contexts":[0,1,2],"integration_types":[0]},` + a + `]`, false},
		{"an option more", `[{"name":"ping","description":"Answers","contexts":[0,1],"integration_types":[0],"options":[{"type":3,"name":"x","description":"y"}]},` + a + `]`, false},
		{"of another kind", `[{"name":"ping","description":"Answers","contexts":[0,1],"integration_types":[0],"type":2},` + a + `]`, false},
	}
	for _, tt := range tests {
		if got := same(unmarshal[[]command](t, json.RawMessage(tt.have)), want); got != tt.same {
			t.Errorf("%s: got the same %v, want %v", tt.name, got, tt.same)
		}
	}
}

// Commands that cannot be published keep no bot from starting, but a guild that is
// the wrong one does.
func TestPublishRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := discordtest.New(t, discordtest.Options{})
		srv.Break("PUT /applications/{application_id}/commands", slices.Repeat([]stand.Fault{stand.HTML(502)}, 100)...)
		began := time.Now()
		err := New(settings(srv)).Publish(t.Context(), commands, true)
		if err != nil || time.Since(began) > 10*time.Second {
			t.Errorf("got %v after %v, want nil after a few tries", err, time.Since(began))
		}
		c := settings(srv)
		c.Guild = "123"
		if err := New(c).Publish(t.Context(), commands, true); err == nil || !strings.HasPrefix(err.Error(), "DISCORD_GUILD: ") {
			t.Errorf("got %v, want an error that names DISCORD_GUILD", err)
		}
	})
}

// The keys agree: the one that is set, and the one that Discord has.
func TestAnotherKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, discordtest.New(t, discordtest.Options{}), func(c *Config) { c.PublicKey = strings.Repeat("0a", 32) }, nil)
		if !strings.Contains(r.Log.String(), "DISCORD_PUBLIC_KEY: is not the key") {
			t.Errorf("got log %s, want a line about the key", r.Log.String())
		}
		r.end(t)
	})
	a := through(adaptertest.Says(200, `{"id":"99"}`))
	if err := a.serve(t.Context(), self{ID: "99", URL: public}); !errors.Is(err, errNoKey) {
		t.Errorf("got %v, want %v", err, errNoKey)
	}
}
