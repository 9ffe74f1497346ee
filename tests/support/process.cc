// SPDX-License-Identifier: Apache-2.0
#include "tests/support/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace muster::test {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "muster-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Process::Process(const std::vector<std::string>& command, const Environment& environment,
                 const std::filesystem::path& out_file, const std::filesystem::path& err_file,
                 const std::filesystem::path& working_directory) {
  std::vector<std::string> assignments;
  for (char** e = environ; *e != nullptr; ++e) {
    const std::string assignment = *e;
    const std::string name = assignment.substr(0, assignment.find('='));
    if (name.rfind("MUSTER_", 0) != 0 && environment.count(name) == 0)
      assignments.push_back(assignment);
  }
  for (const auto& [name, value] : environment) assignments.push_back(name + "=" + value);
  std::vector<char*> env;
  for (std::string& a : assignments) env.push_back(a.data());
  env.push_back(nullptr);
  std::vector<std::string> arguments = command;
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  argv.push_back(nullptr);

  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    const int in = ::open("/dev/null", O_RDONLY);
    const int out = ::open(out_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int err = ::open(err_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    if (!working_directory.empty() && ::chdir(working_directory.c_str()) != 0) ::_exit(126);
    ::execvpe(argv[0], argv.data(), env.data());
    ::_exit(127);
  }
}

Process::~Process() {
  if (Running()) {
    Signal(SIGKILL);
    Wait();
  }
}

void Process::Signal(int signal) {
  if (!done_ && pid_ > 0) ::kill(pid_, signal);
}

bool Process::Running() {
  if (done_) return false;
  int status = 0;
  const pid_t r = ::waitpid(pid_, &status, WNOHANG);
  if (r == 0) return true;
  done_ = true;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

int Process::Wait(std::chrono::seconds time) {
  Eventually([this] { return !Running(); }, time);
  return done_ ? code_ : -1;
}

RunResult Run(const std::vector<std::string>& command, const Environment& environment,
              const std::filesystem::path& working_directory, std::chrono::seconds time) {
  TempDir dir;
  RunResult result;
  {
    Process process(command, environment, dir / "out", dir / "err", working_directory);
    result.exit_code = process.Wait(time);
  }
  result.out = Slurp(dir / "out");
  result.err = Slurp(dir / "err");
  return result;
}

bool Eventually(const std::function<bool()>& condition, std::chrono::seconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

std::string Slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void Spit(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = Slurp(entry.path() / "stat");
    // The command's name stands in parentheses and may hold anything; state and parent follow the
    // last one.
    const size_t close = stat.rfind(')');
    if (close == std::string::npos) continue;
    char state = 0;
    int ppid = 0;
    if (std::sscanf(stat.c_str() + close + 1, " %c %d", &state, &ppid) == 2 && ppid == parent &&
        state != 'Z') {
      children.push_back(static_cast<pid_t>(std::stol(name)));
    }
  }
  return children;
}

}  // namespace muster::test
