package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/usherbot/usher/adapters/slack"
	"github.com/usherbot/usher/authflow"
	"github.com/usherbot/usher/core"
)

// manifestCommand prints what a platform wants to be told of the bot by hand.
func manifestCommand() *cobra.Command {
	var name, publicURL string
	forSlack := &cobra.Command{
		Use:   "slack",
		Short: "Print the app manifest for Slack",
		Long: "Print the manifest of a Slack app for this bot. Paste it at https://api.slack.com/apps,\n" +
			"Create New App, From a manifest. With a public URL Slack delivers over HTTP there,\n" +
			"and without one over Socket Mode.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := slack.Manifest(name, bare().Commands(), publicURL)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), string(text))
			return nil
		},
	}
	forSlack.Flags().StringVar(&name, "name", "usher", "what the bot is called there")
	forSlack.Flags().StringVar(&publicURL, "public-url", "", "the https `URL` of USHER_PUBLIC_URL, for HTTP")
	c := &cobra.Command{
		Use:   "manifest",
		Short: "Print what a platform wants to know of the bot",
		RunE: func(*cobra.Command, []string) error {
			return errors.New("for which platform? Slack has manifests: usher manifest slack")
		},
	}
	c.AddCommand(forSlack)
	return c
}

// bare is the bot without anything to run on, but with its commands.
func bare() *core.Bot {
	return core.New(core.Options{Logins: authflow.New(authflow.Options{})})
}
