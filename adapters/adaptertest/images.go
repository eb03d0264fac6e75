package adaptertest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"

	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/coretest"
)

// picture is a PNG that is not like another one.
func (s *scene) picture(shade uint8, alt string) *core.Image {
	s.Helper()
	i := image.NewGray(image.Rect(0, 0, 40, 40))
	for at := range i.Pix {
		i.Pix[at] = color.Gray{Y: shade + uint8(at)}.Y
	}
	var out bytes.Buffer
	s.must("encode a picture", png.Encode(&out, i))
	return &core.Image{Data: out.Bytes(), Alt: alt, Until: time.Now().Add(time.Hour)}
}

// images: a picture is sent, told of, put to what was a text, replaced and gone.
func images(s *scene) {
	b := s.start()
	chat := b.general()
	first, second := s.picture(0, "Two *cats*"), s.picture(100, "A dog")
	b.sends(core.Message{Text: "Look", Image: first, Rows: [][]core.Control{row(button("Go"))}}, chat)
	s.pictured(b, "Look", first)
	b.sends(core.Message{Image: second}, chat)

	if s.Shared {
		ref := b.sends(say("Before"), chat)
		s.wants("edit", b.Edit(s.Context(), ref, s.fit(b, core.Message{Text: "Changed", Image: first})), core.ErrGone)
		s.never("bob", "Before")
		s.unpictured(b, b.sends(core.Message{Text: "Changed", Image: second}, chat))
		return
	}
	ref := b.sends(say("Before", row(button("Go"))), chat)
	for _, i := range []*core.Image{first, first, second} {
		m := core.Message{Text: "Changed", Image: i, Rows: [][]core.Control{row(button("Stop"))}}
		s.must("edit", b.Edit(s.Context(), ref, s.fit(b, m)))
		s.pictured(b, "Changed", i)
	}
	s.never("bob", "Before")
	s.unpictured(b, ref)
}

// fit is the one message that m is on the platform.
func (s *scene) fit(b *bot, m core.Message) core.Message {
	s.Helper()
	parts := core.Fit(m, b.Caps(), b.Size)
	if len(parts) != 1 {
		s.Fatalf("got %d messages, want one", len(parts))
	}
	return s.dress(parts[0])
}

// pictured wants bob to see a message with that picture and buttons.
func (s *scene) pictured(b *bot, text string, want *core.Image) {
	s.Helper()
	seen := s.sees("bob", general, text)
	got, err := seen.Control(coretest.Picture, "")
	s.must("look", err)
	if !bytes.Equal(got.Data, want.Data) {
		s.Errorf("%s: got a picture of %d bytes, want the one of %d that was sent", text, len(got.Data), len(want.Data))
	}
	if _, err := seen.Control(coretest.Button, ""); err != nil {
		s.Error(err)
	}
	if caps := b.Caps(); caps.Alts && got.Text != want.Alt {
		s.Errorf("%s: got the alt text %q, want %q", text, got.Text, want.Alt)
	}
}

// unpictured takes the picture away from the message at ref: it stays without, or is
// gone where that cannot be.
func (s *scene) unpictured(b *bot, ref core.Ref) {
	s.Helper()
	err := b.Edit(s.Context(), ref, say("After"))
	if s.Lasting {
		s.wants("edit", err, core.ErrGone)
		s.never("bob", "Changed")
		return
	}
	s.must("edit", err)
	if got := s.sees("bob", general, "After"); got.String() != "After" {
		s.Errorf("got %q, want neither picture nor button", got)
	}
}

// hushed wants alice to see the picture of a private message, or what it shows in words.
func (s *scene) hushed(i *core.Image) {
	s.Helper()
	seen := s.sees("alice", general, "Hush")
	if s.Shared {
		if !strings.Contains(seen.Text, i.Alt) || len(seen.Controls) > 0 {
			s.Errorf("alice sees %q, want %q in words", seen, i.Alt)
		}
		return
	}
	if len(seen.Controls) != 1 || !bytes.Equal(seen.Controls[0].Data, i.Data) {
		s.Errorf("alice sees %q, want the picture", seen)
	}
}

// privateImages: what one person alone sees can have a picture too, and a press on a
// message can give it one.
func privateImages(s *scene) {
	b := s.start()
	e := b.hears("alice", general, "/echo hello")
	i := s.picture(50, "A secret")
	if b.Caps().Private {
		_, err := e.Back.Reply(s.Context(), s.fit(b, core.Message{Text: "Hush", Image: i, Private: true}))
		s.must("reply", err)
		s.hushed(i)
		s.never("bob", "Hush")
	} else {
		_, err := e.Back.Reply(s.Context(), s.fit(b, core.Message{Text: "Hush", Image: i}))
		s.must("reply", err)
		s.sees("bob", general, "Hush")
	}
	done(e)
	b.sends(say("Pick", row(button("Show"))), b.general())
	s.must("press", s.World.Press("bob", s.sees("bob", general, "Pick"), "Show"))
	e = b.next()
	err := e.Back.Update(s.Context(), s.fit(b, core.Message{Text: "Picked", Image: i, Rows: [][]core.Control{row(button("Hide"))}}))
	if s.Shared {
		s.wants("update", err, core.ErrGone)
		s.never("bob", "Pick")
		return
	}
	s.must("update", err)
	s.pictured(b, "Picked", i)
	done(e)
	s.must("press", s.World.Press("bob", s.sees("bob", general, "Picked"), "Hide"))
	e = b.next()
	err = e.Back.Update(s.Context(), say("Hidden"))
	if s.Lasting {
		s.wants("update", err, core.ErrGone)
		s.never("bob", "Picked")
		return
	}
	s.must("update", err)
	if got := s.sees("bob", general, "Hidden"); got.String() != "Hidden" {
		s.Errorf("got %q, want neither picture nor button", got)
	}
}
