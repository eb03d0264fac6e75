package discordtest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/usherbot/usher/adapters/discord/discordtest"
	"github.com/usherbot/usher/core/coretest/stand"
)

func TestFaults(t *testing.T) {
	const create = "POST /channels/{channel_id}/messages"
	for _, tt := range []struct {
		name  string
		fault stand.Fault
		check func(b *bot, err error)
		sees  string
	}{
		{"too many", discordtest.TooMany(1500 * time.Millisecond), func(b *bot, err error) {
			slow, is := errors.AsType[*discordgo.RateLimitError](err)
			if !is || slow.RetryAfter != 1500*time.Millisecond {
				b.Errorf("got %v, want a pause of 1.5s", err)
			}
		}, ""},
		{"unavailable", stand.HTML(502), func(b *bot, err error) {
			if err == nil || !strings.Contains(err.Error(), "502") {
				b.Errorf("got %v, want 502", err)
			}
		}, ""},
		{"custom", stand.Custom(500, "text/plain", "oh"), func(b *bot, err error) {
			if rest, is := errors.AsType[*discordgo.RESTError](err); !is || rest.Response.StatusCode != 500 {
				b.Errorf("got %v, want 500", err)
			}
		}, ""},
		{"drop", stand.Drop(), failed, ""},
		{"drop after", stand.DropAfter(), failed, "hi"},
		{"hang", stand.Hang(), failed, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, discordtest.Options{}, func(b *bot) {
				c := b.srv.Channel("alice", general)
				b.srv.Break(create, tt.fault)
				b.srv.Break("") // none
				ctx, stop := context.WithTimeout(b.Context(), time.Minute)
				defer stop()
				_, err := b.ChannelMessageSend(c, "hi", discordgo.WithContext(ctx), discordgo.WithRestRetries(0))
				tt.check(b, err)
				b.wants("bob", general, tt.sees)
				_, err = b.ChannelMessageSend(c, "again")
				b.must(err)
			})
		})
	}
}

func failed(b *bot, err error) {
	if err == nil {
		b.Error("got no error, want one")
	}
}

func TestFaultsOfAnyWrite(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		b.srv.Break("", discordtest.TooManyAtAll(time.Second))
		_, err := b.User("@me")
		b.must(err)
		_, err = b.ChannelMessageSend(b.srv.Channel("alice", general), "hi")
		if slow, is := errors.AsType[*discordgo.RateLimitError](err); !is || slow.RetryAfter != time.Second {
			t.Errorf("got %v, want a pause", err)
		}
	})
}

func TestStopAndResume(t *testing.T) {
	online(t, func(b *bot) {
		time.Sleep(time.Second)
		b.srv.Stop()
		time.Sleep(2 * time.Second)
		if err := b.Open(); err == nil {
			t.Error("got a connection to a server that is stopped")
		}
		_, err := b.User("@me")
		failed(b, err)
		b.srv.Say("alice", general, "/ping")
		b.srv.Resume()
		b.must(b.Open())
		b.interaction() // the session waited
	}, ping)
}

func TestRateLimitHeaders(t *testing.T) {
	bubble(t, discordtest.Options{}, func(b *bot) {
		r, err := http.NewRequest("GET", b.srv.URL()+"/api/v9/gateway", nil)
		b.must(err)
		res, err := b.srv.Client().Do(r)
		b.must(err)
		res.Body.Close()
		for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset-After", "X-RateLimit-Bucket"} {
			if res.Header.Get(name) == "" {
				t.Errorf("got no %s, want one", name)
			}
		}
	})
}
