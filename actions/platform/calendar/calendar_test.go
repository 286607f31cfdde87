package calendar_test

import (
	"errors"
	"testing"
	"time"

	"signdesk/actions/platform/calendar"
)

const form = "2006-01-02 15:04"

func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation(form, s, calendar.Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWorkingDays(t *testing.T) {
	for date, want := range map[string]bool{
		"2022-05-26": true, "2022-05-28": false, "2022-05-29": false,
		"2022-06-03": false, // Dragon Boat Festival, a Friday
		"2022-10-08": true,  // Saturday, worked for the National Day week
		"2022-10-09": true,  // Sunday, worked
		"2022-10-07": false, // Friday of the National Day week
		"2022-01-01": false, // Saturday, New Year
		"2024-02-04": true, "2024-02-16": false,
		"2025-01-26": true, "2025-10-08": false,
		"2026-01-02": false, "2026-01-04": true, "2026-02-14": true, "2026-10-10": true,
	} {
		got, err := calendar.IsWorkingDay(at(t, date+" 12:00"))
		if err != nil || got != want {
			t.Errorf("%s works: %v, %v, want %v", date, got, err, want)
		}
	}
}

func TestTheDateIsThatOfShanghai(t *testing.T) {
	// 2022-10-07 17:00 UTC is 2022-10-08 01:00 in Shanghai, a worked Saturday.
	got, err := calendar.IsWorkingDay(time.Date(2022, 10, 7, 17, 0, 0, 0, time.UTC))
	if err != nil || !got {
		t.Errorf("got %v, %v, want a working day", got, err)
	}
}

func TestAnUnknownYearIsAnError(t *testing.T) {
	for _, date := range []string{"1999-05-05 12:00", "2040-05-05 12:00"} {
		if _, err := calendar.IsWorkingDay(at(t, date)); !errors.Is(err, calendar.ErrUnknownYear) {
			t.Errorf("%s: error %v, want ErrUnknownYear", date, err)
		}
		if _, err := calendar.HotlineAt(at(t, date)); !errors.Is(err, calendar.ErrUnknownYear) {
			t.Errorf("hotline at %s: error %v, want ErrUnknownYear", date, err)
		}
	}
	if _, err := calendar.AddWorkingDays(at(t, "2039-12-31 12:00"), 1); !errors.Is(err, calendar.ErrUnknownYear) {
		t.Errorf("AddWorkingDays into an unknown year: %v", err)
	}
}

// The due time of a review: the same clock time on the next working day.
func TestAddWorkingDays(t *testing.T) {
	for _, tt := range []struct {
		from string
		n    int
		want string
	}{
		{"2022-05-26 09:00", 1, "2022-05-27 09:00"},
		{"2022-05-27 09:00", 1, "2022-05-30 09:00"},
		{"2022-05-28 23:30", 1, "2022-05-30 23:30"},
		{"2022-06-02 10:00", 1, "2022-06-06 10:00"}, // over the Dragon Boat Festival
		{"2022-09-30 10:00", 1, "2022-10-08 10:00"}, // over the National Day week, to a worked Saturday
		{"2022-05-26 09:00", 2, "2022-05-30 09:00"},
		{"2022-05-26 09:00", 0, "2022-05-26 09:00"},
	} {
		got, err := calendar.AddWorkingDays(at(t, tt.from), tt.n)
		if err != nil || !got.Equal(at(t, tt.want)) {
			t.Errorf("AddWorkingDays(%s, %d) = %v, %v, want %s", tt.from, tt.n, got, err, tt.want)
		}
	}
}

func TestHotline(t *testing.T) {
	for _, tt := range []struct {
		at     string
		open   bool
		change string
	}{
		{"2022-05-26 20:59", true, "2022-05-26 21:00"},
		{"2022-05-26 21:00", false, "2022-05-27 09:00"},
		{"2022-05-26 21:01", false, "2022-05-27 09:00"},
		{"2022-05-26 08:59", false, "2022-05-26 09:00"},
		{"2022-05-26 09:00", true, "2022-05-26 21:00"},
		{"2022-06-04 17:59", true, "2022-06-04 18:00"}, // Saturday
		{"2022-06-04 18:01", false, "2022-06-05 09:00"},
		{"2022-10-08 20:00", true, "2022-10-08 21:00"}, // Saturday, make-up working day
	} {
		got, err := calendar.HotlineAt(at(t, tt.at))
		if err != nil || got.Open != tt.open || !got.Change.Equal(at(t, tt.change)) {
			t.Errorf("at %s: %+v, %v, want open %v until %s", tt.at, got, err, tt.open, tt.change)
		}
	}
}

func TestServed(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2022-05-26 09:10", "2022-05-26 09:40", 30 * time.Minute},
		{"2022-05-26 08:00", "2022-05-26 09:40", 40 * time.Minute},
		{"2022-05-26 20:50", "2022-05-27 09:10", 20 * time.Minute}, // over night
		{"2022-05-28 17:30", "2022-05-28 22:00", 30 * time.Minute}, // a Saturday
		{"2022-05-26 22:00", "2022-05-26 23:00", 0},
		{"2022-05-27 10:00", "2022-05-26 10:00", 0},
	} {
		got, err := calendar.Served(at(t, c.from), at(t, c.to))
		if err != nil || got != c.want {
			t.Errorf("%s to %s: %v, %v, want %v", c.from, c.to, got, err, c.want)
		}
	}
	if _, err := calendar.Served(at(t, "2080-05-26 09:10"), at(t, "2080-05-26 09:40")); !errors.Is(err, calendar.ErrUnknownYear) {
		t.Errorf("an unknown year: %v", err)
	}
}
