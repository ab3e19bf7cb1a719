// Package browser has tests only: the apps as people use them, in Debian's chromium, against the real binaries and a lab home.
// Its tests also take the pictures of the README, when CARDEA_PICTURES=1.
package browser
