// Package coretest is a chat to test a bot in, the people in it, and the
// transcripts that tell what they should see.
//
// New makes a Chat: a platform in memory. A core.Bot connects to it as to any
// other, and it refuses what a strict platform refuses. The Chat outlives the
// bot: what nobody took is delivered again to the next one, and Cut makes a bot
// that is about to die unable to say farewell. What else can befall a bot is in
// faults.go.
//
// World is the human side of a platform: Say, Press, Choose, Fill and Follow do
// what a person does, Sees and Wait tell what that person has before the eyes.
// Chat is a World, and so are the fakes of the real platforms.
//
// A Script is a conversation in lines that anybody can read. Run plays the
// scripts of a folder in a World, each in a bubble of testing/synctest, and then
// again with restarts of the bot between their lines. Nothing that the bot says
// goes unnoticed: what no line expects is a failure. Limit makes of any platform's
// adapter one that can do no more than a script's chat, so that one folder of
// scripts holds everywhere.
//
// A Terminal shows a World to somebody at a keyboard.
package coretest
