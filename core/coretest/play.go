package coretest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/usherbot/usher/authflow/authtest"
	"github.com/usherbot/usher/core"
)

// Stage is where a script is played.
type Stage struct {
	World    World
	Caps     core.Caps                // what the bot works with: decides which lines count
	Links    bool                     // the bot has a link to the direct chat where it cannot write first; likewise
	Typed    bool                     // people's programs send only commands that there are, and complete; likewise
	Deaf     bool                     // the bot hears of commands and presses only; likewise
	Lasting  bool                     // a message with a picture keeps one until it is deleted; likewise
	Shared   bool                     // a picture takes a new message, which all in its place see; likewise
	Provider Provider                 // nil where no line needs one
	Browse   func() *authtest.Browser // opens a browser that reaches bot and provider; likewise
	Restart  func()                   // kills the bot and starts it again on the same store
	Patience time.Duration            // how long a line waits for the bot; default 30 s
	Log      func() string            // what the bot has logged; nil: no log
	Public   func() string            // all that the bot has said where others can read, also for a moment; likewise
	Secrets  func() []string          // what must not be in the log, nor before anybody's eyes; nil: nothing but codes
}

// calm is how long nobody hears anything when nobody is to hear anything.
const calm = 10 * time.Second

// bystander is in all places and does nothing.
const bystander = "mallory"

// play is a script being played.
type play struct {
	Stage
	people  []string
	places  []string
	begun   time.Time
	told    []string        // the transcript so far
	now     map[string]deed // what is before somebody's eyes, by place and id
	pending []deed          // what no line has taken yet
	shown   []deed          // everything that was ever seen, in order
	issued  []string        // user codes
	readers map[string]string
	windows map[string]*window // by person
	digits  string             // last shown in any browser
}

// Play plays s on a stage, inside a bubble of testing/synctest. It returns what
// went differently, with the conversation up to there.
//
// Whatever the script, nobody but one person may ever see a user code, and
// neither codes nor Secrets may be in the log.
func (s *Script) Play(on Stage) error {
	if on.Patience == 0 {
		on.Patience = 30 * time.Second
	}
	p := &play{
		Stage: on, people: append(slices.Clone(s.people), bystander), places: append([]string{Direct}, s.places...),
		begun: time.Now(), now: map[string]deed{}, readers: map[string]string{},
		windows: map[string]*window{},
	}
	for _, line := range s.lines {
		if !line.counts(on) {
			continue
		}
		p.tell("> " + line.text)
		if err := line.do(p); err != nil {
			return fmt.Errorf("%s:%d: %s\n%w\nthe conversation so far:\n%s", s.Name, line.number, line.text, err, strings.Join(p.told, "\n"))
		}
	}
	if err := p.end(); err != nil {
		return fmt.Errorf("%s: after the last line:\n%w\nthe conversation:\n%s", s.Name, err, strings.Join(p.told, "\n"))
	}
	return nil
}

// end makes sure that nothing is left unsaid.
func (p *play) end() error {
	if err := p.expectNothing(args{}); err != nil {
		return err
	}
	if p.Public != nil && p.holdsCode(p.Public()) {
		return errors.New("a user code was said where others can read")
	}
	if p.Log == nil {
		return nil
	}
	log := p.Log()
	if p.holdsCode(log) {
		return errors.New("a user code is in the log")
	}
	for i, secret := range p.secrets() {
		if strings.Contains(log, secret) {
			return fmt.Errorf("secret %d is in the log", i)
		}
	}
	return nil
}

func (p *play) holdsCode(text string) bool {
	return slices.ContainsFunc(p.issued, func(code string) bool { return strings.Contains(text, code) })
}

func (p *play) secrets() []string {
	if p.Secrets == nil {
		return nil
	}
	return p.Secrets()
}

func (p *play) tell(what string) {
	p.told = append(p.told, fmt.Sprintf("  %8s %s", time.Since(p.begun).Round(time.Millisecond), what))
}

// until looks at every change until done is satisfied, or reports false when
// the time is over.
func (p *play) until(limit time.Duration, done func() bool) (bool, error) {
	over := time.NewTimer(limit)
	defer over.Stop()
	for {
		changed := p.World.Changed()
		if err := p.look(); err != nil {
			return false, err
		}
		if done() {
			return true, nil
		}
		select {
		case <-changed:
		case <-over.C:
			err := p.look()
			return done(), err
		}
	}
}

// expect takes the deed that a line describes, as soon as there is one. Of what
// is new in a place, the first must be taken first.
func (p *play) expect(what string, a args) error {
	pattern := wild(a["text"])
	found, err := p.until(p.Patience, func() bool {
		begun := map[string]bool{}
		for i, d := range p.pending {
			first := d.what != "" || !begun[d.where]
			begun[d.where] = begun[d.where] || d.what == ""
			if first && d.what == what && p.fits(d, a) && pattern.MatchString(d.seen.String()) {
				p.pending = slices.Delete(p.pending, i, i+1)
				return true
			}
		}
		return false
	})
	if err == nil && !found {
		err = fmt.Errorf("did not come in %s; %s", p.Patience, p.unread())
	}
	return err
}

// fits reports whether d was said to whom and where a line has it. What is for one
// person alone can only be in the direct chat where there are no private messages.
func (p *play) fits(d deed, a args) bool {
	if a["who"] != "" && (!d.alone || d.to[0] != a["who"]) {
		return false
	}
	if a["who"] == "" && a["where"] != "" && a["where"] != Direct && d.alone && d.what == "" {
		return false // said to somebody alone where the line has it said to all
	}
	instead := a["who"] != "" && !p.Caps.Private && d.where == Direct
	return a["where"] == "" || a["where"] == d.where || instead
}

func (p *play) unread() string {
	if len(p.pending) == 0 {
		return "nothing came instead"
	}
	var out strings.Builder
	out.WriteString("what came instead:")
	for _, d := range p.pending {
		out.WriteString("\n    " + d.String())
	}
	return out.String()
}

// wild is the pattern of a text in which * stands for anything.
func wild(text string) *regexp.Regexp {
	parts := strings.Split(strings.Join(strings.Fields(text), " "), "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(strings.TrimSpace(part))
	}
	return regexp.MustCompile(`^` + strings.Join(parts, `.*`) + `$`)
}
