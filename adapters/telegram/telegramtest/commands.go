package telegramtest

import (
	"fmt"
	"net/url"
	"regexp"
	"unicode/utf8"
)

// Command is one in a list that clients show.
type Command struct {
	Name    string `json:"command"`
	Summary string `json:"description"`
}

// Limits of a list of commands.
const (
	maxCommands = 100
	maxSummary  = 256
)

var (
	commandName = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)
	language    = regexp.MustCompile(`^([a-z]{2})?$`)
)

// Commands returns the list of a scope such as "default" or "all_private_chats",
// with a language as "default/de". A chat is part of its scope: "chat:-1001".
func (s *Server) Commands(scope string) []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Command(nil), s.commands[scope]...)
}

// setMyCommands replaces the list of one scope and language.
func (s *Server) setMyCommands(p url.Values) (any, error) {
	scope, err := readScope(p)
	if err != nil {
		return nil, err
	}
	var list []Command
	if err := object(p, "commands", "list of bot commands", &list); err != nil {
		return nil, err
	}
	if len(list) > maxCommands {
		return nil, badf("BOT_COMMANDS_TOO_MUCH")
	}
	for _, c := range list {
		if !commandName.MatchString(c.Name) {
			return nil, badf("BOT_COMMAND_INVALID")
		}
		if n := utf8.RuneCountInString(c.Summary); n < 1 || n > maxSummary {
			return nil, badf("BOT_COMMAND_DESCRIPTION_INVALID")
		}
	}
	s.commands[scope] = list
	return true, nil
}

// getMyCommands returns the list of exactly that scope and language.
func (s *Server) getMyCommands(p url.Values) (any, error) {
	scope, err := readScope(p)
	if err != nil {
		return nil, err
	}
	return append([]Command{}, s.commands[scope]...), nil
}

// deleteMyCommands leaves the wider scopes to count.
func (s *Server) deleteMyCommands(p url.Values) (any, error) {
	scope, err := readScope(p)
	if err != nil {
		return nil, err
	}
	delete(s.commands, scope)
	return true, nil
}

// readScope is the scope and language of a request, as Commands names them.
func readScope(p url.Values) (string, error) {
	var in struct {
		Type string `json:"type"`
		Chat int64  `json:"chat_id"`
		User int64  `json:"user_id"`
	}
	in.Type = "default"
	if err := object(p, "scope", "BotCommandScope", &in); err != nil {
		return "", err
	}
	scope := in.Type
	switch in.Type {
	case "default", "all_private_chats", "all_group_chats", "all_chat_administrators":
	case "chat", "chat_administrators":
		scope += fmt.Sprintf(":%d", in.Chat)
	case "chat_member":
		scope += fmt.Sprintf(":%d:%d", in.Chat, in.User)
	default:
		return "", badf("can't parse BotCommandScope: Unsupported type specified")
	}
	lang := p.Get("language_code")
	if !language.MatchString(lang) {
		return "", badf("invalid language code specified")
	}
	if lang != "" {
		scope += "/" + lang
	}
	return scope, nil
}
