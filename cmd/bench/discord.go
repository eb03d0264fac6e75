package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// What the bot and Discord know of each other.
const (
	discordToken = "bench.discord.token"
	discordApp   = "200000000000000001"
	discordSeed  = "thirty-two bytes for a benchmark"
)

// discordKey is what deliveries are signed with.
func discordKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed([]byte(discordSeed)) }

// discordPublic is how its other half is written.
func discordPublic() string {
	return hex.EncodeToString(discordKey()[ed25519.PublicKeySize:])
}

// interaction is a slash command in a server, with what Discord tells beside it.
const interaction = `{"id":"3%017[1]d","application_id":"` + discordApp + `","type":2,"token":"token%[1]d","version":1,` +
	`"guild_id":"400000000000000001","channel_id":"5%017[2]d","locale":"en-GB","guild_locale":"en-US","context":0,` +
	`"app_permissions":"562949953601536","attachment_size_limit":10485760,"entitlements":[],` +
	`"authorizing_integration_owners":{"0":"400000000000000001"},` +
	`"guild":{"id":"400000000000000001","locale":"en-US","features":[]},` +
	`"channel":{"id":"5%017[2]d","type":0,"name":"general","guild_id":"400000000000000001","position":1,"nsfw":false,` +
	`"permissions":"2248473465835073","parent_id":"400000000000000002","topic":null,"rate_limit_per_user":0,"flags":0},` +
	`"member":{"user":{"id":"6%017[2]d","username":"person%[2]d","discriminator":"0","global_name":"Person %[2]d",` +
	`"avatar":null,"public_flags":0},"nick":null,"avatar":null,"roles":["400000000000000003"],"joined_at":"2024-01-02T03:04:05.678000+00:00",` +
	`"premium_since":null,"deaf":false,"mute":false,"pending":false,"flags":0,"permissions":"2248473465835073"},` +
	`"data":{"id":"700000000000000001","name":"%[3]s","type":1,"options":[{"name":"text","type":3,"value":"%[4]s"}]}}`

func deliverDiscord(ctx context.Context, bot string, c call) (*http.Request, error) {
	body := fmt.Appendf(nil, interaction, c.number, c.person(), c.command, c.text())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, bot+"/discord/interactions", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Signature-Timestamp", stamp)
	req.Header.Set("X-Signature-Ed25519", hex.EncodeToString(ed25519.Sign(discordKey(), append([]byte(stamp), body...))))
	return req, nil
}

// inlineDiscord is the message in a response; a deferral has none.
func inlineDiscord(body []byte) (string, error) {
	var said struct {
		Data struct {
			Content string `json:"content"`
		} `json:"data"`
	}
	err := json.Unmarshal(body, &said)
	return said.Data.Content, err
}

// discordAPI tells who the bot is, takes its commands, and the answers that come
// after a deferral.
func discordAPI(heard func(string)) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /api/v9/applications/@me": says(`{"id":"` + discordApp + `","bot":{"id":"` + discordApp + `"},"verify_key":"` + discordPublic() +
			`","interactions_endpoint_url":"https://bot.example/discord/interactions"}`),
		"GET /api/v9/applications/" + discordApp + "/commands": says(`[]`),
		"PUT /api/v9/applications/" + discordApp + "/commands": says(`[]`),
		"PATCH /api/v9/webhooks/" + discordApp + "/{token}/messages/@original": func(w http.ResponseWriter, r *http.Request) {
			var said struct {
				Content string `json:"content"`
			}
			if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
				http.Error(w, `{"code":50109,"message":"not JSON"}`, http.StatusBadRequest)
				return
			}
			heard(said.Content)
			reply(w, `{"id":"800000000000000001","channel_id":"500000000000000001","content":"","type":20,"flags":0}`)
		},
	}
}
