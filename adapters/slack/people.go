package slack

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/usherbot/usher/core"
)

const (
	mostPeople = 10_000        // who are remembered
	askFor     = time.Second   // that an event waits for what is asked about its person
	askAgain   = time.Minute   // after nothing came of it
	nameFor    = 6 * time.Hour // that a name is good
)

// self is the bot as Slack knows it, in the one workspace that it has a token of.
type self struct {
	User, Name string
	Team, Org  string // Org: of Enterprise Grid, whose workspaces share channels
}

// identify asks once who the bot is.
func (a *Adapter) identify(ctx context.Context) error {
	if a.self.Load() != nil {
		return nil
	}
	return a.call(ctx, "auth.test", func(ctx context.Context) error {
		said, err := a.web.AuthTestContext(ctx)
		if err != nil {
			return err
		}
		if err := missing(said.UserID, nil); err != nil {
			return err
		}
		a.self.Store(&self{User: said.UserID, Name: said.User, Team: said.TeamID, Org: said.EnterpriseID})
		return nil
	})
}

// serves reports whether a delivery is of the workspace that the bot has a token
// of: an app can be installed in several, and another's it could not answer. What
// Slack leaves open is let in: a channel may be shared by workspaces, of one
// organisation or of several. Presses and forms carry a token of ours instead.
func (s self) serves(d delivery) bool {
	is := func(team, org string) bool {
		return team != "" && team == s.Team || org != "" && org == s.Org
	}
	switch {
	case s.Team == "":
		return true
	case d.command != nil:
		return d.command.Team == "" || is(d.command.Team, d.command.Org)
	case d.event == nil || d.event.Team == "":
		return true
	}
	for _, to := range d.event.For {
		if is(to.Team, to.Org) {
			return true
		}
	}
	return is(d.event.Team, d.event.Org) || is(d.event.Via, "")
}

// people remember what Slack does not say with every event: a name, which comes
// with commands and presses only, and which chat is the one with the bot. The
// zero people know nobody.
type people struct {
	mu    sync.Mutex
	known map[string]*person // by key
}

type person struct {
	name, locale string
	chat         string    // with the bot alone
	again        time.Time // when to ask about the name next
	asking       bool
	waiting      []waiting
}

// waiting is an event that is handed over later.
type waiting struct {
	in   *incoming
	hand func()
}

// of returns a person to be changed under the lock.
func (p *people) of(u core.User) *person {
	key := u.Key()
	who := p.known[key]
	if who == nil {
		if p.known == nil {
			p.known = map[string]*person{}
		}
		p.forgetSome()
		who = &person{}
		p.known[key] = who
	}
	return who
}

// forgetSome makes room: whoever nobody asks about may be asked about again.
func (p *people) forgetSome() {
	if len(p.known) < mostPeople {
		return
	}
	for key, who := range p.known {
		if !who.asking {
			delete(p.known, key)
		}
	}
}

// direct returns the chat with somebody alone, if it is known.
func (p *people) direct(u core.User) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if who := p.known[u.Key()]; who != nil {
		return who.chat
	}
	return ""
}

// meet remembers the chat with somebody alone.
func (p *people) meet(u core.User, chat string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of(u).chat = chat
}

// lacks reports whether something is to be asked before an event can go on.
func (who *person) lacks(in *incoming) bool {
	nameless := in.event.From.Name == "" && time.Now().After(who.again)
	return nameless || in.unsure && who.chat == ""
}

// settle completes an event with what is known about its person, and hands it
// over: at once, or once that was asked, and in the order in which events came.
func (a *Adapter) settle(to *intake, in *incoming, hand func()) {
	if a.await(to, in, hand) {
		return
	}
	hand()
}

// await reports whether an event waits for an answer. If not, it is complete.
func (a *Adapter) await(to *intake, in *incoming, hand func()) bool {
	p := &a.people
	p.mu.Lock()
	defer p.mu.Unlock()
	who := p.of(in.event.From)
	if in.event.Chat.Direct {
		who.chat = in.event.Chat.ID
	}
	if !who.asking && !who.lacks(in) {
		who.complete(in)
		return false
	}
	who.waiting = append(who.waiting, waiting{in, hand})
	if !who.asking {
		who.asking = true
		name, chat := in.event.From.Name == "", in.unsure && who.chat == ""
		go a.ask(to.ctx, in.event.From, who, name, chat)
	}
	return true
}

// complete fills in what an event lacks.
func (who *person) complete(in *incoming) {
	from := &in.event.From
	from.Name, from.Locale = cmp.Or(who.name, from.Name, from.ID), who.locale
	if in.unsure {
		in.event.Chat.Direct = in.event.Chat.ID == who.chat
		if in.event.On.Chat.ID != "" {
			in.event.On.Chat.Direct = in.event.Chat.Direct
		}
	}
}

// ask finds out about a person, and lets the events go on that wait for it.
func (a *Adapter) ask(ctx context.Context, u core.User, who *person, name, chat bool) {
	defer a.release(ctx, who)
	ctx, stop := context.WithTimeout(ctx, askFor)
	defer stop()
	found := person{again: time.Now().Add(askAgain)}
	if chat {
		a.askAbout(ctx, "conversations.open", func(ctx context.Context) (err error) {
			found.chat, err = a.openDirect(ctx, u)
			return err
		})
	}
	if name {
		a.askAbout(ctx, "users.info", func(ctx context.Context) error { return a.askName(ctx, u, &found) })
	}
	a.people.mu.Lock()
	defer a.people.mu.Unlock()
	who.chat = cmp.Or(found.chat, who.chat)
	if name {
		who.name, who.locale, who.again = cmp.Or(found.name, who.name), cmp.Or(found.locale, who.locale), found.again
	}
}

// release hands over the events that waited. When the bot ends, they are left to
// be delivered again.
func (a *Adapter) release(ctx context.Context, who *person) {
	for {
		a.people.mu.Lock()
		ready := who.waiting
		who.waiting, who.asking = nil, len(ready) > 0
		for _, w := range ready {
			who.complete(w.in)
		}
		a.people.mu.Unlock()
		if len(ready) == 0 {
			return
		}
		for _, w := range ready {
			if ctx.Err() == nil {
				w.hand()
			}
		}
	}
}

// askAbout is a question whose answer the bot can do without.
func (a *Adapter) askAbout(ctx context.Context, method string, do func(context.Context) error) {
	if err := a.call(ctx, method, do); err != nil {
		a.log.Debug("somebody's name or direct chat is not known", "platform", platform, "error", err)
	}
}

func (a *Adapter) askName(ctx context.Context, u core.User, found *person) error {
	said, err := a.web.GetUserInfoContext(ctx, u.ID)
	if err != nil {
		return err
	}
	found.name, found.locale = cmp.Or(said.Profile.DisplayName, said.RealName, said.Name), said.Locale
	found.again = time.Now().Add(nameFor)
	return nil
}
