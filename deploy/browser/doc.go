// Package browser tries the page of the HTTP door where it is read: in a real
// Chromium, against real Redis servers and real monitors.
//
// It owns no code but its tests, and imports nothing of Picket but deploy/lab and
// deploy/estate: what it looks at is what a person would see. Each test has a
// browser of its own with a profile in a temporary folder, and asks the page what
// it shows until it shows it. "make test-deploy" runs it and puts Chromium there
// first (get-chromium.sh); without DEPLOY=1 or without Chromium it skips.
//
// Screenshots go to the folder that -shots names, to be looked at.
package browser
