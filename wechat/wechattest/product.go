package wechattest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const (
	opProductCard = "channels/ec/service/product/getcardinfo"
	productKey    = "FakeProductKey_"
)

func (s *Server) productCard(c *call) (any, *refusal) {
	var in struct {
		ID   string `json:"product_id"`
		Post string `json:"article_type"`
		Look *int   `json:"card_type"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	switch {
	case !slices.Contains(s.opts.Products, in.ID):
		return nil, refuse(10170001, "invalid product id")
	case in.Post != "news" && in.Post != "newspic":
		return nil, refuse(10170002, "invalid article_type")
	case in.Look == nil || *in.Look < 0 || *in.Look > 3:
		return nil, refuse(10170003, "invalid card_type")
	}
	return struct {
		Key string `json:"product_key"`
		DOM string `json:"DOM"`
	}{productKey + in.ID, fmt.Sprintf(`<mp-common-product data-key="%s%s" data-cardtype="%d"></mp-common-product>`, productKey, in.ID, *in.Look)}, nil
}

// checkProduct refuses a product at the foot that is not of the account's shop.
func (s *Server) checkProduct(a fields) *refusal {
	if a["product_info"] == nil {
		return nil
	}
	var info struct {
		Footer struct {
			Key string `json:"product_key"`
		} `json:"footer_product_info"`
	}
	if json.Unmarshal(a["product_info"], &info) != nil {
		return refuse(47001, "data format error")
	}
	if len(s.opts.Products) == 0 {
		return refuse(53404, "account has limited the ability to add products")
	}
	if id, ok := strings.CutPrefix(info.Footer.Key, productKey); !ok || !slices.Contains(s.opts.Products, id) {
		return refuse(53405, "invalid product params")
	}
	return nil
}

// draftSwitch has been on for everybody for long; a call without checkonly opens what is open.
func (s *Server) draftSwitch(c *call) (any, *refusal) {
	if only := c.query.Get("checkonly"); only != "" && only != "1" {
		return nil, refuse(40035, "invalid parameter: checkonly")
	}
	return struct {
		done

		Open int `json:"is_open"`
	}{success(), 1}, nil
}
