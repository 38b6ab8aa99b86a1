// Command imagehost puts a folder of pictures on Cloudflare R2 and gives back what a writer needs: addresses, Markdown and
// HTML to copy, on a page.
//
//	go run ./examples/imagehost                         # pictures drawn by the program, on fakes in this process
//	go run ./examples/imagehost -serve 127.0.0.1:8080   # and then look at the page; the fake's bucket is served beside it
//	go run ./examples/imagehost -plan holiday           # what would be made, changed and uploaded; nothing is
//	R2_ACCOUNT_ID=… R2_BUCKET=… … go run ./examples/imagehost -origin https://www.example.com holiday
//
// It makes the bucket, connects the custom domain, sets the CORS rule for -origin and keeps the rules of others, uploads what
// is not there, writes gallery.html, links.md and links.json into -out, waits until the domain serves, and asks for one picture
// as a browser would. First it shows all of that as a plan; where it is for real, "host" has to be typed, or -yes given.
//
// # Pictures
//
// JPEG, PNG, GIF and WebP up to 32 MiB, by their content. Their keys are made from it, so that equal pictures are one object
// and browsers may keep them for ever. What a camera wrote into them, the place too, is removed from what is uploaded, and the
// plan says who had what; -keep-metadata uploads it. Other files are named and left alone, and no symbolic link is followed.
//
// # Scripts
//
// Showing a picture needs no CORS rule. A script that reads one, for a canvas or with fetch, needs -origin; and where the same
// page shows the picture as well, its <img> wants crossorigin="anonymous", or fetch the option cache: "reload". The answer to
// an <img> without it comes without CORS headers, and browsers keep it, as does Cloudflare, unless it varies by Origin
// (seen in Chromium 2026-11 on the fake; reported of R2's custom domains).
//
// # Nothing twice
//
// One LIST tells what is in the bucket. The file imagehost.json in -out remembers the hashes, by size and time of change, and
// which objects this program has made, so that a second run reads no picture and sends nothing. It may be deleted. Whatever
// kills the program, the same command goes on from there. A picture that has changed gets another address; the old object
// stays, for the pages that show it, until -prune deletes it: only what this program has made from this folder, at most
// -max-delete, and Cloudflare's cache is told. Other folders in the same bucket belong under another -prefix: an equal picture
// is one object for all of them, and -prune does not know who else shows it.
//
// # Exit codes
//
// 0 done, 1 failed, 2 bad input (nothing was changed), 3 an outcome is unknown, 4 not confirmed, 130 interrupted.
//
// # Where things are
//
// main.go runs; flags.go and settings.go say what is wanted and what is real; platform.go opens the account and fake.go plays
// it; demo.go draws pictures, scan.go, kind.go and exif.go read a folder of them; plan.go says what is to be done, apply.go does
// it and check.go asks whether it works; manifest.go remembers; gallery.go and links.go write what comes out, and serve.go shows
// it.
package main
