package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"
	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
	"github.com/slack-go/slack"
)

// runBare serves bareHandler until ctx ends. begin is called once it could be called.
func runBare(ctx context.Context, api string, begin func(http.Handler, func() bool)) error {
	h, err := bareHandler(api)
	if err != nil {
		return err
	}
	begin(h, atOnce)
	<-ctx.Done()
	return nil
}

// bareHandler answers /echo on the three platforms with as little as the client
// libraries allow: what is signed is checked, and that is all. Nothing is stored,
// so a repeat would be answered again; nothing is fitted, deferred or tried twice.
func bareHandler(api string) (http.Handler, error) {
	client := bareClient()
	bot, err := tgbotapi.NewBotAPIWithClient(telegramToken, api+"/bot%s/%s", client)
	if err != nil {
		return nil, fmt.Errorf("ask who the bot is: %w", err)
	}
	web := slack.New(slackToken, slack.OptionAPIURL(api+"/api/"), slack.OptionHTTPClient(client))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /discord/interactions", bareDiscord)
	mux.HandleFunc("POST /slack/commands", func(w http.ResponseWriter, r *http.Request) { bareSlack(w, r, web) })
	mux.HandleFunc("POST /telegram/webhook", func(w http.ResponseWriter, r *http.Request) { bareTelegram(w, r, bot) })
	return mux, nil
}

// bareClient keeps as many connections as the adapters do. The default keeps two,
// and would spend most of its time on new ones.
func bareClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
	}}
}

// bareDiscord answers inside the response, which is the least that Discord takes.
func bareDiscord(w http.ResponseWriter, r *http.Request) {
	public := discordKey()[ed25519.PublicKeySize:]
	if !discordgo.VerifyInteraction(r, ed25519.PublicKey(public)) {
		http.Error(w, "not authorised", http.StatusUnauthorized)
		return
	}
	var i discordgo.Interaction
	if err := json.NewDecoder(r.Body).Decode(&i); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(discordgo.InteractionResponse{ //nolint:errcheck,errchkjson // who has hung up misses it
		Type: discordgo.InteractionResponseChannelMessageWithSource,
		Data: &discordgo.InteractionResponseData{Content: i.ApplicationCommandData().Options[0].StringValue()},
	})
}

func bareSlack(w http.ResponseWriter, r *http.Request, web *slack.Client) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	check, err := slack.NewSecretsVerifier(r.Header, slackSecret)
	if err == nil {
		check.Write(body) //nolint:errcheck // a hash takes everything
		err = check.Ensure()
	}
	if err != nil {
		http.Error(w, "not authorised", http.StatusUnauthorized)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c, err := slack.SlashCommandParse(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if _, _, err := web.PostMessageContext(r.Context(), c.ChannelID, slack.MsgOptionText(c.Text, true)); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}

func bareTelegram(w http.ResponseWriter, r *http.Request, bot *tgbotapi.BotAPI) {
	if r.Header.Get(secretHeader) != telegramSecret {
		http.Error(w, "not authorised", http.StatusUnauthorized)
		return
	}
	u, err := bot.HandleUpdate(r)
	if err != nil || u.Message == nil {
		http.Error(w, "not a message", http.StatusBadRequest)
		return
	}
	if _, err := bot.Request(tgbotapi.NewMessage(u.Message.Chat.ID, u.Message.CommandArguments())); err != nil {
		http.Error(w, "not sent", http.StatusBadGateway)
	}
}
