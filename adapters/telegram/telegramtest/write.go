package telegramtest

import (
	"regexp"
	"strings"
)

var (
	words = regexp.MustCompile(`\S+`)
	// A slash after it makes it a path.
	command = regexp.MustCompile(`^(/\w{1,64}(?:@\w{3,32})?)(?:$|[^\w/])`)
	mention = regexp.MustCompile(`^@([\w-]+)`)
)

// addressed takes the bot's name from the front of a text, in full or without _bot.
func (s *Server) addressed(text string) (rest string, named bool) {
	first, rest, _ := strings.Cut(text, " ")
	if name, is := strings.CutPrefix(first, "@"); is && s.isMe(name) {
		return rest, true
	}
	return text, false
}

func (s *Server) isMe(name string) bool {
	return strings.EqualFold(name, s.opt.Name) || strings.EqualFold(name, strings.TrimSuffix(s.opt.Name, "_bot"))
}

// compose is what a client sends for what a person types: commands are marked,
// and the @name of a person becomes the first name, which says whom it means.
func (s *Server) compose(typed string) (string, []Entity) {
	var (
		out      strings.Builder
		entities []Entity
		done     int
	)
	mark := func(e Entity, text string) {
		e.Offset, e.Length = units(out.String()), units(text)
		entities = append(entities, e)
		out.WriteString(text)
	}
	for _, at := range words.FindAllStringIndex(typed, -1) {
		out.WriteString(typed[done:at[0]])
		word := typed[at[0]:at[1]]
		if called := command.FindStringSubmatch(word); called != nil {
			mark(Entity{Type: "bot_command"}, called[1])
			word = word[len(called[1]):]
		} else if named := mention.FindStringSubmatch(word); named != nil {
			if s.isMe(named[1]) {
				mark(Entity{Type: "mention"}, "@"+s.opt.Name)
			} else {
				p := s.person(named[1])
				mark(Entity{Type: "text_mention", User: &p.User}, p.FirstName)
			}
			word = word[len(named[0]):]
		}
		out.WriteString(word)
		done = at[1]
	}
	out.WriteString(typed[done:])
	return out.String(), entities
}

// commanded reports whether m begins with a command that may be for the bot.
func (s *Server) commanded(m *message) bool {
	if len(m.entities) == 0 || m.entities[0].Type != "bot_command" || m.entities[0].Offset != 0 {
		return false
	}
	_, to, named := strings.Cut(m.text[:m.entities[0].Length], "@") // commands are ASCII
	return !named || strings.EqualFold(to, s.opt.Name)
}
