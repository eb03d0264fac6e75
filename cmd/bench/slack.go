package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// What the bot and Slack know of each other.
const (
	slackToken  = "xoxb-bench" //nolint:gosec // of no workspace
	slackSecret = "a signing secret for a benchmark"
)

// deliverSlack is a slash command in a channel.
func deliverSlack(ctx context.Context, bot string, c call) (*http.Request, error) {
	person := strconv.Itoa(c.person())
	body := url.Values{
		"token": {"deprecated"}, "team_id": {"T0BENCH"}, "team_domain": {"bench"}, "api_app_id": {"A0BENCH"},
		"channel_id": {"C0" + person}, "channel_name": {"general"}, "user_id": {"U0" + person}, "user_name": {"person" + person},
		"command": {"/" + c.command}, "text": {c.text()}, "is_enterprise_install": {"false"},
		"response_url": {"https://hooks.slack.com/commands/T0BENCH/" + c.text()},
		"trigger_id":   {fmt.Sprintf("%d.1.bench", c.number)},
	}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, bot+"/slack/commands", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(slackSecret))
	mac.Write([]byte("v0:" + stamp + ":" + body))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return req, nil
}

// slackAPI tells who the bot is, and takes its messages.
func slackAPI(heard func(string)) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"POST /api/auth.test": says(`{"ok":true,"url":"https://bench.slack.com/","team":"Bench","user":"usher","team_id":"T0BENCH","user_id":"U0BOT","bot_id":"B0BOT"}`),
		"POST /api/chat.postMessage": func(w http.ResponseWriter, r *http.Request) {
			heard(r.FormValue("text"))
			reply(w, `{"ok":true,"channel":"`+r.FormValue("channel")+`","ts":"1700000000.000100","message":{"type":"message","subtype":"bot_message",`+
				`"text":"`+r.FormValue("text")+`","ts":"1700000000.000100","bot_id":"B0BOT","user":"U0BOT","team":"T0BENCH"}}`)
		},
	}
}
