package discordtest

import "time"

// timestamp is t as Discord writes it; no time is null.
func timestamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000+00:00")
}

func (s *Server) user(p *person) object {
	out := object{
		"id": p.ID, "username": p.Name, "global_name": p.Name, "discriminator": "0", "avatar": nil,
		"avatar_decoration_data": nil, "banner": nil, "clan": nil, "collectibles": nil, "display_name_styles": nil,
		"primary_guild": nil, "public_flags": 0,
	}
	if p == s.me {
		out["bot"], out["global_name"], out["discriminator"] = true, nil, "4242"
	}
	return out
}

// otherBot is a bot that is not ours.
func (s *Server) otherBot(name string) object {
	out := s.user(&person{ID: "1400000000000000001", Name: name})
	out["bot"], out["global_name"] = true, nil
	return out
}

// member is what the guild knows of a person.
func (s *Server) member() object {
	return object{
		"roles": []string{}, "nick": nil, "avatar": nil, "banner": nil, "joined_at": "2026-01-04T20:21:10.139000+00:00",
		"premium_since": nil, "pending": false, "mute": false, "deaf": false, "flags": 0, "communication_disabled_until": nil,
	}
}

// everything is what members and bots may do here.
const everything = "9007199254740991"

// acting is the member who has caused an interaction.
func (s *Server) acting(p *person) object {
	out := s.member()
	out["user"], out["permissions"], out["unusual_dm_activity_until"] = s.user(p), everything, nil
	return out
}

func (s *Server) wireChannel(c *channel) object {
	out := object{"id": c.ID, "type": c.kind, "flags": 0, "last_message_id": nil}
	if c.last != "" {
		out["last_message_id"] = c.last
	}
	if c.with != nil {
		out["recipients"] = []object{s.user(c.with)}
		return out
	}
	out["guild_id"], out["name"], out["nsfw"], out["position"], out["rate_limit_per_user"] = s.guild, c.name, false, 0, 0
	out["parent_id"], out["topic"], out["permission_overwrites"] = nil, nil, []object{}
	if c.parent == nil {
		return out
	}
	out["parent_id"], out["owner_id"] = c.parent.ID, s.app
	out["member_count"], out["message_count"], out["total_message_sent"] = 2, 0, 0
	out["thread_metadata"] = object{
		"archived": false, "archive_timestamp": "2026-01-05T00:49:57.102205+00:00", "auto_archive_duration": 1440,
		"create_timestamp": "2026-01-05T00:49:57.102205+00:00", "locked": false,
	}
	return out
}

// wireMessage is m as the API answers it.
func (s *Server) wireMessage(m *message) object {
	flags := m.said.Flags &^ ephemeral
	if m.only != nil {
		flags |= ephemeral
	}
	if m.thinking {
		flags |= loading
	}
	out := object{
		"id": m.ID, "type": 0, "channel_id": m.in.ID, "content": m.said.Content, "timestamp": timestamp(m.at),
		"edited_timestamp": timestamp(m.edited), "tts": false, "pinned": false, "flags": flags, "attachments": m.wireAttachments(),
		"embeds": m.said.wireEmbeds(), "components": m.said.Components, "mention_everyone": m.everyone(),
		"mention_roles": []string{}, "mentions": s.mentioned(m),
	}
	s.author(out, m)
	if m.said.Nonce != nil {
		out["nonce"] = m.said.Nonce
	}
	if i := m.answers; i != nil {
		out["application_id"], out["webhook_id"] = s.app, s.app
		out["interaction_metadata"] = object{"id": i.id, "type": i.kind, "user": s.user(i.by), "authorizing_integration_owners": i.owners(s)}
		if i.kind == isCommand {
			out["type"] = 20
		}
	}
	return out
}

// author says who has said m.
func (s *Server) author(out object, m *message) {
	if m.bot != "" {
		out["author"] = s.otherBot(m.bot)
		return
	}
	out["author"] = s.user(m.from)
}

// mentioned are the users whom m pings.
func (s *Server) mentioned(m *message) []object {
	out := []object{}
	for _, id := range m.pings {
		p := s.personOf(id)
		if p == nil {
			continue
		}
		u := s.user(p)
		if m.in.with == nil {
			u["member"] = s.member()
		}
		out = append(out, u)
	}
	return out
}
