package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/silenceper/wechat/v2/officialaccount"
	"github.com/silenceper/wechat/v2/officialaccount/config"
	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/silenceper/wechat/v2/util"
	"github.com/sirupsen/logrus"

	"github.com/silenceper/wechat/v2/cache"
)

func (p *pushes) decryptSilenceper() error {
	for _, e := range p.encrypted {
		_, msg, err := util.DecryptMsg(pushAppID, e, pushKey)
		if err != nil || len(msg) < 5 || string(msg[:5]) != "<xml>" {
			return fmt.Errorf("decrypted to %.20q: %w", msg, err)
		}
	}
	return nil
}

// serveSilenceper is Serve and Send as its documentation has them. By itself it writes every message to the standard
// output, in a level for debugging; here to nowhere, and only with logs.
func (p *pushes) serveSilenceper(reply string, logs bool) func() error {
	return func() error {
		logrus.SetLevel(logrus.WarnLevel)
		if logs {
			logrus.SetLevel(logrus.DebugLevel)
		}
		logrus.SetOutput(io.Discard)
		account := officialaccount.NewOfficialAccount(&config.Config{
			AppID: pushAppID, AppSecret: "unused", Token: pushToken, EncodingAESKey: pushKey, Cache: cache.NewMemory(),
		})
		return p.each(func(w http.ResponseWriter, r *http.Request) error {
			server, seen := account.GetServer(r, w), ""
			server.SetMessageHandler(func(m *message.MixMessage) *message.Reply {
				if seen = m.Content; reply == "" {
					return nil
				}
				return &message.Reply{MsgType: message.MsgTypeText, MsgData: message.NewText(reply)}
			})
			if err := server.Serve(); err != nil {
				return err
			}
			if seen == "" {
				return fmt.Errorf("read as %T without text", server.RequestMsg)
			}
			if reply == "" {
				return nil
			}
			if err := server.Send(); err != nil {
				return err
			}
			return answered(w, reply)
		})
	}
}
