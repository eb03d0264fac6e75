package coretest

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// paper is what a session is written on.
type paper interface {
	ink() ink
	// prompt sets what stands before the line that is being typed.
	prompt(text string)
	// typed is told each line, as its typist sees it already, and as others would
	// tell it.
	typed(line, told string)
	// message writes a message, or changes the one of that key.
	message(key string, lines []string, changed bool)
	note(text string)
	err() error // the first failure to write
}

// plain is paper of which nothing can be taken back.
type plain struct {
	out    io.Writer
	failed error
}

func (p *plain) ink() ink         { return func(_, text string) string { return text } }
func (p *plain) prompt(string)    {}
func (p *plain) err() error       { return p.failed }
func (p *plain) note(text string) { p.write(text) }

func (p *plain) typed(_, told string) {
	if told != "" {
		p.write(told)
	}
}

func (p *plain) message(_ string, lines []string, changed bool) {
	if changed {
		lines[0] += " (changed)"
	}
	p.write(strings.Join(lines, "\n"))
}

func (p *plain) write(text string) {
	if _, err := io.WriteString(p.out, text+"\n"); err != nil && p.failed == nil {
		p.failed = err
	}
}

// live is a screen. It remembers what stands on it, so that a message can change
// in its place. Every change is one write, shown at once by terminals that know
// how to hold a frame back.
type live struct {
	out           io.Writer
	width, height int
	before        string // the prompt
	blocks        []block
	failed        error
}

// block is some lines on the screen.
type block struct {
	key   string
	lines []string
}

func (l *live) err() error { return l.failed }

func (l *live) ink() ink {
	return func(style, text string) string {
		if style == "" {
			return text
		}
		return "\x1b[" + style + "m" + text + "\x1b[0m"
	}
}

func (l *live) prompt(text string) {
	l.before = text
	l.draw(len(l.blocks), 0)
}

// typed counts the line that the terminal itself has echoed.
func (l *live) typed(line, _ string) {
	l.blocks = append(l.blocks, block{lines: []string{l.before + line}})
	l.draw(len(l.blocks), 0)
}

func (l *live) note(text string) { l.message("", strings.Split(text, "\n"), false) }

func (l *live) message(key string, lines []string, _ bool) {
	i, up := l.find(key)
	if i < 0 {
		l.blocks = append(l.blocks, block{key, lines})
		l.draw(len(l.blocks)-1, 0)
		return
	}
	old := l.blocks[i]
	l.blocks[i].lines = lines
	if l.rows(old) == l.rows(l.blocks[i]) {
		l.replace(i, up)
		return
	}
	l.draw(i, up)
}

// find returns where a block begins, above the prompt. A block that has left the
// screen cannot change any more, so its message is written anew.
func (l *live) find(key string) (i, up int) {
	for i, v := range slices.Backward(l.blocks) {
		up += l.rows(v)
		if up >= l.height {
			break
		}
		if key != "" && v.key == key {
			return i, up
		}
	}
	return -1, 0
}

// draw writes all from block i on, which begins that many rows above the prompt.
func (l *live) draw(i, up int) {
	var b strings.Builder
	b.WriteString("\r" + rise(up))
	for _, block := range l.blocks[i:] {
		l.print(&b, block)
	}
	b.WriteString("\x1b[J" + l.before)
	l.write(b.String())
}

// replace writes block i over one of the same height, and leaves what is being
// typed alone.
func (l *live) replace(i, up int) {
	var b strings.Builder
	b.WriteString("\x1b7\r" + rise(up))
	l.print(&b, l.blocks[i])
	b.WriteString("\x1b8")
	l.write(b.String())
}

func (l *live) print(b *strings.Builder, block block) {
	for _, line := range block.lines {
		b.WriteString(line)
		if n := cells(line); n == 0 || n%l.width != 0 { // at the very edge, this would take the last character
			b.WriteString("\x1b[K")
		}
		b.WriteString("\r\n")
	}
}

// write shows a frame as a whole (synchronized output, private mode 2026).
func (l *live) write(frame string) {
	if _, err := io.WriteString(l.out, "\x1b[?2026h"+frame+"\x1b[?2026l"); err != nil && l.failed == nil {
		l.failed = err
	}
}

func rise(rows int) string {
	if rows == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA", rows)
}

// rows is how many rows b takes, as the terminal breaks its lines.
func (l *live) rows(b block) int {
	n := 0
	for _, line := range b.lines {
		n += max(1, (cells(line)+l.width-1)/l.width)
	}
	return n
}

// cells is how many columns a line takes that has no escapes but an ink's.
func cells(line string) int {
	n, escape := 0, false
	for _, r := range line {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

// wide reports whether terminals give r two columns (Unicode Annex 11, W and F,
// in blocks).
func wide(r rune) bool {
	for _, block := range [...][2]rune{
		{0x1100, 0x115F},
		{0x2E80, 0xA4CF},
		{0xAC00, 0xD7A3},
		{0xF900, 0xFAFF},
		{0xFE30, 0xFE6F},
		{0xFF00, 0xFF60},
		{0xFFE0, 0xFFE6},
		{0x1F300, 0x1FAFF},
		{0x20000, 0x3FFFD},
	} {
		if r >= block[0] && r <= block[1] {
			return true
		}
	}
	return false
}
