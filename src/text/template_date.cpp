// strftime on a date that the caller gives.
#include "text/template_machine.h"

namespace prm::jinja {

namespace {

constexpr std::string_view kDays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};

struct Date {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

  int day_of_year() const {
    constexpr int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return before[month - 1] + day + (leap && month > 2);
  }
  int weekday() const {  // 0: Sunday
    int y = year - 1;
    return (y + y / 4 - y / 100 + y / 400 + day_of_year()) % 7;
  }
};

// Digits at fixed places: "YYYY-MM-DD" and perhaps " HH:MM:SS".
bool read_date(std::string_view s, Date& date) {
  constexpr std::string_view shape = "dddd-dd-dd dd:dd:dd";
  if (s.size() != 10 && s.size() != shape.size()) return false;
  for (size_t i = 0; i < s.size(); ++i) {
    bool digit = s[i] >= '0' && s[i] <= '9', separator = s[i] == shape[i] || (shape[i] == ' ' && s[i] == 'T');
    if (shape[i] == 'd' ? !digit : !separator) return false;
  }
  auto number = [&](size_t at, size_t count) {
    int n = 0;
    for (size_t i = at; i < at + count && at + count <= s.size(); ++i) n = n * 10 + (s[i] - '0');
    return n;
  };
  date = {number(0, 4), number(5, 2), number(8, 2), number(11, 2), number(14, 2), number(17, 2)};
  return date.year >= 1 && date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31 && date.hour < 24 && date.minute < 60 && date.second < 61;
}

bool format_field(const Date& d, char field, bool bare, String& out) {
  auto number = [&](int n, int width) { out += bare ? format_text("{}", n) : format_text("{:0{}}", n, width); };
  int hour12 = d.hour % 12 ? d.hour % 12 : 12;
  switch (field) {
    case 'Y': number(d.year, 1); return true;
    case 'y': number(d.year % 100, 2); return true;
    case 'm': number(d.month, 2); return true;
    case 'd': number(d.day, 2); return true;
    case 'e': out += format_text("{:2}", d.day); return true;
    case 'H': number(d.hour, 2); return true;
    case 'I': number(hour12, 2); return true;
    case 'M': number(d.minute, 2); return true;
    case 'S': number(d.second, 2); return true;
    case 'j': number(d.day_of_year(), 3); return true;
    case 'p': out += d.hour < 12 ? "AM" : "PM"; return true;
    case 'A': out += kDays[d.weekday()]; return true;
    case 'a': out += kDays[d.weekday()].substr(0, 3); return true;
    case 'B': out += kMonths[d.month - 1]; return true;
    case 'b': out += kMonths[d.month - 1].substr(0, 3); return true;
    case 'F': out += format_text("{}-{:02}-{:02}", d.year, d.month, d.day); return true;
    case 'T': out += format_text("{:02}:{:02}:{:02}", d.hour, d.minute, d.second); return true;
    case 'Z': return true;  // a date without a zone has no name for it
    case '%': out += '%'; return true;
    default: return false;
  }
}

}  // namespace

Value format_date(Machine& m, const Text& date, const Text& format) {
  Date d;
  if (!read_date(date.view(), d)) m.bad("strftime_now: '{}' is no date; give \"2026-11-28\" or \"2026-11-28 09:30:00\"", date.view().substr(0, 40));
  String out;
  std::string_view s = format.view();
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '%' || i + 1 == s.size()) {
      out += s[i];
      continue;
    }
    bool bare = s[i + 1] == '-' && i + 2 < s.size();
    i += bare ? 2 : 1;
    if (!format_field(d, s[i], bare, out)) m.bad("strftime_now: '%{}' is not known here", s[i]);
  }
  return m.heap.text(out, false);
}

}  // namespace prm::jinja
