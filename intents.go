package main

import (
	"signdesk/actions"
	"signdesk/bot"
	"signdesk/data"
	"signdesk/kb"
)

// A recogniser tells what an utterance is for.
type recogniser func(utterance string, found kb.Decision) bot.Intent

// labels are the intents that entries of the knowledge base speak of, by the
// code of the flow they name; with an entry where the flow has several.
var labels = map[string]string{
	"F01": "appeal", "F02": "join_company", "F02 13": "seal_permission", "F03": "notify_finance", "F04": "change_admin", "F05": "seal_update",
	"F06": "company_change", "F07": "delete_pending", "F08": "choose_cert", "F09": "private_payment", "F10": "contract_status",
	"F12": "handover", "F13": "review_status", "F14": "setup_seal", "F15": "sign",
}

// openIntents returns what recognises the wish to act.
func openIntents(*Config, *kb.Live) (recogniser, error) {
	words, err := actions.ReadWords(data.Flows())
	if err != nil {
		return nil, err
	}
	x, err := bot.NewIntents(words, labels)
	if err != nil {
		return nil, err
	}
	return x.Recognise, nil
}
