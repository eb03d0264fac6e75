package coretest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing/synctest"
)

// deed is something that the bot did.
type deed struct {
	what  string // "", "edits", "deletes" or "asks", as in scripts
	key   string
	where string
	to    []string // who can see it
	alone bool     // nobody else could
	seen  Seen
}

// String is d as a script would have it.
func (d deed) String() string {
	b := "bot"
	if d.what != "" {
		b += " " + d.what
	}
	switch {
	case d.what == "asks":
		b += " " + d.to[0]
	case d.alone:
		b += " to " + d.to[0]
	}
	if d.where != Direct {
		b += " in " + d.where
	}
	return b + ": " + d.seen.String()
}

// look lets everybody do what can be done without waiting, and then notes what
// is new before people's eyes.
func (p *play) look() error {
	synctest.Wait()
	now, order := p.survey()
	for _, key := range order {
		d := now[key]
		old, known := p.now[key]
		switch {
		case !known:
			p.note(d)
		case old.seen.String() != d.seen.String():
			d.what = "edits"
			p.note(d)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.now)) {
		d := p.now[key]
		if _, still := now[key]; !still && !d.seen.Form {
			d.what = "deletes"
			p.note(d)
		}
	}
	p.now = now
	return p.guard(order)
}

// note adds a deed to what lines are to take. It takes the place of an earlier
// one to the same message: that is no more what people see.
func (p *play) note(d deed) {
	p.tell("  " + d.String())
	if d.what != "deletes" {
		p.shown = append(p.shown, d)
	}
	i := slices.IndexFunc(p.pending, func(old deed) bool { return old.key == d.key })
	switch {
	case i < 0:
		p.pending = append(p.pending, d)
	case p.pending[i].what == "" && d.what == "deletes":
		p.pending = slices.Delete(p.pending, i, i+1)
	case p.pending[i].what == "":
		d.what = ""
		p.pending[i] = d
	default:
		p.pending[i] = d
	}
}

// survey is what everybody sees everywhere, and in which order.
func (p *play) survey() (now map[string]deed, order []string) {
	now = map[string]deed{}
	for _, where := range p.places {
		for _, who := range p.people {
			for _, seen := range p.World.Sees(who, where) {
				key := where + " " + seen.ID
				if where == Direct {
					key = who + "'s " + key
				}
				d, known := now[key]
				if !known {
					order = append(order, key)
					d = deed{key: key, where: where, seen: seen, alone: where == Direct || seen.Private || seen.Form}
				}
				if seen.Form {
					d.what = "asks"
				}
				d.to = append(d.to, who)
				now[key] = d
			}
		}
	}
	return now, order
}

// guard makes sure that a user code is seen by one person and nobody else, and
// a secret by nobody.
func (p *play) guard(order []string) error {
	if p.Provider != nil {
		for _, code := range p.Provider.Pending() {
			if !slices.Contains(p.issued, code) {
				p.issued = append(p.issued, code)
			}
		}
	}
	for _, key := range order {
		d := p.now[key]
		text := d.seen.Text + d.seen.String() + d.seen.hides()
		if link := d.seen.startLink(); link != "" && !slices.Contains(p.issued, link) {
			p.issued = append(p.issued, link)
		}
		for i, secret := range p.secrets() {
			if strings.Contains(text, secret) {
				return fmt.Errorf("%v can see secret %d", d.to, i)
			}
		}
		for _, code := range p.issued {
			if !strings.Contains(text, code) {
				continue
			}
			for _, who := range d.to {
				if reader := p.readers[code]; reader != "" && reader != who {
					return fmt.Errorf("%s can see the user code of %s in %s", who, reader, d.where)
				}
				p.readers[code] = who
			}
		}
	}
	return nil
}
