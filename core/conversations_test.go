package core_test

import (
	"testing"

	"github.com/usherbot/usher/adapters/adaptertest"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

const conversations = "testdata/conversations/*.txt"

// TestConversations plays them on a neutral chat that is as the scripts want it.
func TestConversations(t *testing.T) {
	adaptertest.Conversations(t, conversations, func(_ *testing.T, s *coretest.Script) adaptertest.Place {
		o := s.Chat(coretest.Options{})
		chat := coretest.New(o)
		return adaptertest.Place{Adapter: func() core.Adapter { return chat }, World: chat, Links: o.DM == coretest.LinkOnly}
	})
}

// TestPlainConversations plays them on a chat that has little: buttons, alerts,
// boxes to reply in, and direct chats that people open.
func TestPlainConversations(t *testing.T) {
	adaptertest.Conversations(t, conversations, func(*testing.T, *coretest.Script) adaptertest.Place {
		chat := coretest.New(coretest.Options{DM: coretest.LinkOnly, Caps: core.Caps{
			Platform: "plain", Title: "Plain", Alert: 200, Copies: true, Replies: true,
			Limits: core.Limits{Text: 4096, Row: 3, Label: 64, Copy: 256},
		}})
		return adaptertest.Place{Adapter: func() core.Adapter { return chat }, World: chat, Open: chat.Open, Links: true}
	})
}
