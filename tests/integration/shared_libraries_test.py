"""The command needs few shared libraries: those of the compiler, and one that has no archive."""

import subprocess

from harness import MERLE, CommandTest, main

# libsimdjson brings libstdc++ and libgcc_s, so linking these statically into the command would only
# load them twice. libhwy only where another version than Debian 12's is installed.
ALLOWED = ("linux-vdso.so", "ld-linux", "libc.so.", "libm.so.", "libpthread.so.", "libdl.so.",
           "libstdc++.so.6", "libgcc_s.so.1", "libhwy.so.1", "libsimdjson.so.")


class SharedLibraries(CommandTest):
    def test_ldd_prints_only_allowed_names(self):
        listed = subprocess.run(["ldd", MERLE], capture_output=True, text=True, check=True).stdout
        names = [line.split()[0].rsplit("/", 1)[-1] for line in listed.splitlines() if line.strip()]
        self.assertIn("libc.so.6", names)
        self.assertEqual([name for name in names if not name.startswith(ALLOWED)], [])


if __name__ == "__main__":
    main()
