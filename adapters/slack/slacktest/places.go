package slacktest

import (
	"slices"

	"github.com/usherbot/usher/core/coretest"
)

// Edit changes the last message of a person there. Slack knows no changed
// commands.
func (s *Server) Edit(who, where, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	c, thread := s.place(who, where)
	for _, m := range slices.Backward(c.messages) {
		if m.from == p && m.thread == thread && !m.deleted {
			before := s.wire(m)
			m.said, m.edited = s.compose(text), s.now()
			s.tell(m, s.changedEvent(m, before))
			return
		}
	}
	panic("slacktest: " + who + " has written nothing in " + where)
}

// Part lets somebody leave a channel.
func (s *Server) Part(who, place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _ := s.place("", place)
	c.parted[s.person(who)] = true
	s.Change()
}

// Kick removes the bot from a channel. Slash commands still reach it from there.
func (s *Server) Kick(place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _ := s.place("", place)
	if c.with != nil || c.kicked {
		panic("slacktest: the bot cannot be removed from " + place)
	}
	c.kicked = true
}

// BlockDM keeps the bot from writing to somebody, until UnblockDM.
func (s *Server) BlockDM(who string) { s.setBlocked(who, true) }

// UnblockDM ends what BlockDM began.
func (s *Server) UnblockDM(who string) { s.setBlocked(who, false) }

func (s *Server) setBlocked(who string, to bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.person(who).blocked = to
}

// CloseMessagesTab switches the app's messages tab off: direct chats can be
// opened, and nothing can be posted there.
func (s *Server) CloseMessagesTab() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tabClosed = true
}

// Reload reloads somebody's client: what only they saw in a channel is gone, and
// so is a form.
func (s *Server) Reload(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.person(who)
	for _, c := range s.channels {
		for _, m := range c.messages {
			m.deleted = m.deleted || m.only == p
		}
	}
	s.close(p)
	s.Change()
}

// Remove deletes the bot's newest message there, as an admin can. In
// coretest.Direct it is the newest in anybody's direct chat.
func (s *Server) Remove(place string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(s.newest(place))
}

// Ids of another app and its bot.
const (
	otherBotID = "B0000000002"
	otherAppID = "A0000000002"
)

// Post lets an incoming webhook say something in a channel.
func (s *Server) Post(place, text string) { s.sayAs(s.slackbot, place, text) }

// SayAsBot lets another bot say something in a channel.
func (s *Server) SayAsBot(place, text string) {
	s.mu.Lock()
	other := s.person("otherbot")
	other.bot = true
	s.mu.Unlock()
	s.sayAs(other, place, text)
}

func (s *Server) sayAs(p *person, place, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if place == coretest.Direct {
		panic("slacktest: nobody else is in a direct chat")
	}
	c, thread := s.place("", place)
	s.say(s.add(&message{channel: c, thread: thread, from: p, said: s.compose(text)}))
}

// Uninstall removes the app from the workspace. The bot hears of it, and its
// token is good for nothing any more.
func (s *Server) Uninstall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokensRevoked()
	s.event(s.slackbot, object{"type": "app_uninstalled", "event_ts": s.now()})
	s.uninstalled = true
}

// RevokeOthers revokes tokens of the app that are not the bot's of today: somebody's
// own, and one that the bot had before. The bot hears of it.
func (s *Server) RevokeOthers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokensRevoked()
}

func (s *Server) tokensRevoked() {
	s.event(s.slackbot, object{
		"type": "tokens_revoked", "tokens": object{"oauth": []string{s.slackbot.id}, "bot": []string{botID}}, "event_ts": s.now(),
	})
}
