// Package theme is how the window looks: its colours in light and in dark, its
// density, its icons.
//
// It decides nothing about what is shown where (app/widget and app/screen do),
// and holds no wording. Its neighbours are assets, which has the icons as
// strokes, and the toolkit, which asks a Theme for every colour and size.
//
// The invariant: every pair of text and ground that the window uses reads at
// 4.5 to 1 or better (WCAG 2.1 AA), in both variants; a test computes it.
package theme
