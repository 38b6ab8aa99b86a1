package callback

import "strings"

// Subscribe is a new follower.
type Subscribe struct {
	Scene  string // of the QR code that was scanned, without "qrscene_"; else empty
	Ticket string // of that QR code
}

// Unsubscribe is a follower who left. Nothing that is replied reaches them.
type Unsubscribe struct{}

// Scan is a follower who scanned a QR code with a scene.
type Scan struct{ Scene, Ticket string }

// Position is where a follower is, as their app reports it when they open the chat, if they allowed it.
type Position struct {
	Latitude, Longitude float64 // degrees
	Precision           float64 // metres
}

// Click is a menu button of type click.
type Click struct{ Key string }

// View is a menu button that opened a page.
type View struct{ URL, MenuID string }

// ViewMiniProgram is a menu button that opened a mini program.
type ViewMiniProgram struct{ Path, MenuID string }

// ScanCode is a menu button that scanned a code.
type ScanCode struct {
	Key    string
	Type   string // "qrcode" or "barcode"
	Result string
	Waits  bool // scancode_waitmsg: the user looks at "receiving" until a reply comes
}

// Pictures is a menu button that took or chose pictures. The pictures follow as messages.
type Pictures struct {
	Key   string
	Event string   // "PIC_SYSPHOTO", "PIC_PHOTO_OR_ALBUM" or "PIC_WEIXIN"
	Count int      // how many follow
	MD5   []string // of each
}

// ChosenPlace is a menu button that chose a place. The place follows as a [Location] too.
type ChosenPlace struct {
	Location
	Key  string
	Name string // Poiname: of the place, may be empty
}

// AuthorizationRevoked is a user who took back what they had allowed, or whose data must be deleted. Its fields are not in the
// documentation at hand: see [Push.Field].
type AuthorizationRevoked struct{}

func (Subscribe) content()            {}
func (Unsubscribe) content()          {}
func (Scan) content()                 {}
func (Position) content()             {}
func (Click) content()                {}
func (View) content()                 {}
func (ViewMiniProgram) content()      {}
func (ScanCode) content()             {}
func (Pictures) content()             {}
func (ChosenPlace) content()          {}
func (AuthorizationRevoked) content() {}

// event makes the content of an event by its name in upper case: pages and practice differ in the case. nil for one that
// is not known, or that does not say what its meaning hangs on.
//
// Source: 接收事件推送 and 自定义菜单事件推送, developers.weixin.qq.com (read 2026-11).
func event(name string, t tree) Content {
	key := func() string { return t.get("EventKey") }
	switch name {
	case "SUBSCRIBE":
		return Subscribe{Scene: strings.TrimPrefix(key(), "qrscene_"), Ticket: t.get("Ticket")}
	case "UNSUBSCRIBE":
		return Unsubscribe{}
	case "SCAN":
		return Scan{Scene: key(), Ticket: t.get("Ticket")}
	case "LOCATION":
		return Position{Latitude: decimal(t.get("Latitude")), Longitude: decimal(t.get("Longitude")), Precision: decimal(t.get("Precision"))}
	case "CLICK":
		return Click{Key: key()}
	case "VIEW":
		return View{URL: strings.TrimSpace(key()), MenuID: squeeze(t.get("MenuId"))}
	case "VIEW_MINIPROGRAM":
		return ViewMiniProgram{Path: key(), MenuID: squeeze(t.get("MenuId"))}
	case "SCANCODE_PUSH", "SCANCODE_WAITMSG":
		return ScanCode{
			Key: key(), Type: t.get("ScanCodeInfo", "ScanType"), Result: t.get("ScanCodeInfo", "ScanResult"),
			Waits: name == "SCANCODE_WAITMSG",
		}
	case "PIC_SYSPHOTO", "PIC_PHOTO_OR_ALBUM", "PIC_WEIXIN":
		p := Pictures{Key: key(), Event: name, Count: whole(t.get("SendPicsInfo", "Count"))}
		for _, item := range t.items("SendPicsInfo", "PicList") {
			p.MD5 = append(p.MD5, t.below(item, "PicMd5Sum"))
		}
		return p
	case "LOCATION_SELECT":
		at := func(name string) string { return t.get("SendLocationInfo", name) }
		return ChosenPlace{
			Key: key(), Name: at("Poiname"),
			Location: Location{Latitude: decimal(at("Location_X")), Longitude: decimal(at("Location_Y")), Scale: whole(at("Scale")), Label: at("Label")},
		}
	case "USER_AUTHORIZATION_REVOKE":
		return AuthorizationRevoked{}
	}
	return job(name, t)
}
