/**
 * Files and folders that an attacker of a file reader wants, as rows of a table, and the search for them in a
 * canonical path: lower case, `/` alone as separator, no empty and no current-folder steps.
 */

/** How much a target says by itself. */
export enum Target {
  NONE = 0,
  /** Only after a climb: folders that every system has. */
  CLIMBED = 1,
  /** Also as a whole absolute path given to a parameter. */
  ABSOLUTE = 2,
  /** Wherever a path names it. */
  ANYWHERE = 3,
}

/**
 * A row: a digit of `Target`, then the path. A row that ends in `/` is a folder, and counts where it is the first step
 * of an absolute path or the first after climbs, as do files by their absolute path (`2etc/inittab`); others count at
 * the start of any step.
 *
 * Sources: FHS 3.0 (etc, proc, var, usr, opt, root, home); proc(5); passwd(5), shadow(5), group(5), sudoers(5);
 * Windows: win.ini, boot.ini, system32, repair\SAM; Jakarta Servlet 6.0 §10.5 (WEB-INF), JAR specification (META-INF);
 * gitrepository-layout(5), sshd(8) FILES; Apache httpd 2.4 .htaccess, httpd.conf, logs; php.ini, MySQL option files;
 * Solaris vfstab(4), system(4), netconfig(4); Linux man-pages section 5; Windows answer files (unattend.xml), user
 * profiles, IIS metabase; folders that XAMPP, cPanel, AppServ and the BSD ports use.
 */
const TARGETS: string = `3etc/passwd
3etc/shadow
3etc/master.passwd
3etc/gshadow
3etc/group
3etc/sudoers
3etc/security/passwd
3etc/hosts
3etc/issue
3etc/motd
3etc/fstab
3etc/crontab
3etc/mtab
3etc/resolv.conf
3etc/my.cnf
3etc/mysql/my.cnf
3etc/php.ini
3etc/ssh/
3etc/apache2/
3etc/httpd/
3etc/nginx/
2etc/inittab
2etc/vfstab
2etc/netconfig
2etc/system
2etc/exports
2etc/networks
2etc/services
2etc/protocols
2etc/ftpusers
2etc/hosts.allow
2etc/hosts.deny
2etc/hosts.equiv
2etc/aliases
2etc/profile
2etc/bashrc
2etc/bash.bashrc
2etc/environment
2etc/anacrontab
2etc/os-release
2etc/lsb-release
2etc/redhat-release
2etc/debian_version
2etc/machine-id
2etc/opasswd
2etc/sshd_config
2etc/cron.d/
2etc/cron.daily/
2etc/init.d/
2etc/rc.d/
2etc/pam.d/
2etc/php.d/
2etc/sysconfig/
2etc/wu-ftpd/
2etc/security/
2etc/logrotate.d/
2etc/sudoers.d/
3proc/self/
2proc/partitions
2proc/cpuinfo
2proc/meminfo
2proc/modules
2proc/interrupts
2proc/ioports
2proc/stat
2proc/swaps
2proc/filesystems
2proc/devices
2proc/1/
3proc/version
3proc/cmdline
3proc/net/
3proc/mounts
3proc/sched_debug
3boot.ini
3autoexec.bat
3windows/win.ini
3winnt/win.ini
3windows/system.ini
3windows/repair/
3winnt/repair/
3windows/system32/config/sam
3windows/system32/config/system
3windows/system32/config/security
3windows/system32/config/software
3windows/system32/drivers/etc/
3winnt/system32/drivers/etc/
3web-inf/web.xml
3web-inf/classes/
3web-inf/lib/
3meta-inf/context.xml
3.git/config
3.git/head
3.git/index
3.svn/entries
3.svn/wc.db
3.hg/hgrc
3.env
3.htaccess
3.htpasswd
3.ssh/id_rsa
3.ssh/id_dsa
3.ssh/id_ecdsa
3.ssh/id_ed25519
3.ssh/authorized_keys
3.ssh/known_hosts
3.aws/credentials
3.docker/config.json
3.kube/config
3.bash_history
3.mysql_history
3.netrc
2.bashrc
2.bash_profile
2.xauthority
2.ssh/config
2.git-credentials
2.npmrc
2.passwd
2var/lib/mlocate/mlocate.db
2var/run/secrets/
2var/run/utmp
2var/log/auth.log
2var/log/wtmp
2var/log/btmp
2var/log/lastlog
2var/log/faillog
2var/log/secure
2var/log/messages
2var/log/syslog
2windows/panther/
2windows/debug/netsetup.log
2windows/system32/config/
2windows/system32/inetsrv/
2system32/inetsrv/
2unattend.xml
2unattended.xml
2sysprep.inf
2ntuser.dat
2ntuser.ini
3.pgpass
3run/secrets/kubernetes.io/
3tomcat-users.xml
2etc/
2proc/
2var/log/
2var/logs/
2var/mail/
2var/adm/
2var/spool/
2var/run/secrets/
2windows/system32/
2winnt/
2windows/
2inetpub/
2apache/logs/
2apache2/logs/
2access.log
2error.log
2access_log
2error_log
2usr/local/etc/
2usr/local/cpanel/
2usr/lib/cron/
2usr/spool/
2usr/etc/
2usr/ports/
2usr/pkg/etc/
2usr/home/
2var/db/
2var/cron/
2var/saf/
2var/run/
2var/lib/mysql/
2var/lib/php/
2var/lib/php4/
2var/lib/php5/
2var/lib/pgsql/
2var/lib/mlocate/
2var/apache/
2var/apache2/
2var/backups/
2var/cpanel/
2var/mysql.log
2library/webserver/
2program files/apache group/
2program files/apache software foundation/
2program files/mysql/
2program files/xampp/
2program files (x86)/apache group/
2programfiles/mysql/
2mysql/data/
2mysql/my.cnf
2mysql/my.ini
2php/sessions/
2php4/sessions/
2php5/sessions/
2php/php.ini
2appserv/
2nginx.conf
2metabase.xml
2httpd-error.log
1config.inc.php
2desktop.ini
2phpmyadmin/config.inc.php
2usr/local/apache/
2usr/local/apache2/
2usr/local/php/
2usr/local/php5/
2usr/local/mysql/
2opt/lampp/
2xampp/
2wamp/
2httpd.conf
2httpd-ssl.conf
2apache2.conf
2php.ini
2php4.ini
2php5.ini
2my.cnf
2my.ini
2vsftpd.conf
2proftpd.conf
2pureftpd.conf
2pure-ftpd.conf
2postgresql.conf
2pg_hba.conf
2wp-config.php
2master.passwd
2id_rsa
1var/
1usr/
1opt/
1root/
1home/
1dev/
1sys/
1tmp/
1bin/
1sbin/
1boot/
1mnt/
1srv/
1users/
1apache/
1apache2/
1apache group/
1mysql/
1php/
1php4/
1php5/
1program files/
1program files (x86)/
1documents and settings/
1passwd
1shadow
1hosts
1issue
1web.config
1global.asa
1global.asax
1web.xml
1config.php
1_config.php
1config.inc
1users.db.php
1settings.php
1db.php
1database.php
1.pass
1.passwd
1configuration.php
1database.yml
1settings.py
1win.ini
1system.ini
1cmd.exe
`;

/** Whether the literal's row in [row, stop) stands at `at`, and its name ends there or the row is a folder. */
function standsAt(row: usize, stop: usize, at: usize, end: usize): bool {
  let last: u32 = 0;
  while (row < stop) {
    last = <u32>load<u16>(row);
    if (at == end || <u32>load<u8>(at) != last) return false;
    at++;
    row += 2;
  }
  if (last == 0x2f || at == end) return true;
  const c = <u32>load<u8>(at);
  return !(c - 97 < 26 || c - 48 < 10 || c == 0x5f || c == 0x2d);
}

/** Whether the row in [row, stop) has more than one step. */
function hasSteps(row: usize, stop: usize): bool {
  while (row < stop) {
    if (load<u16>(row) == 0x2f) return true;
    row += 2;
  }
  return false;
}

/** Rows of the table by their first character: chains of row addresses. */
const ROWS_MAX: u32 = 384;
const heads: usize = memory.data(128 * 4, 4);
const rows: usize = memory.data(ROWS_MAX * 8, 4);
let indexed: bool = false;

/** Chains the rows; done once, at the first look. */
function indexRows(): void {
  indexed = true;
  let row = changetype<usize>(TARGETS);
  const end = row + ((<usize>TARGETS.length) << 1);
  let cell = rows;
  while (row < end && cell < rows + <usize>(ROWS_MAX * 8)) {
    const head = heads + ((<usize>(load<u16>(row + 2) & 127)) << 2);
    store<usize>(cell, row);
    store<usize>(cell + 4, load<usize>(head));
    store<usize>(head, cell);
    cell += 8;
    while (load<u16>(row) != 0x0a) row += 2;
    row += 2;
  }
}

/** Whether the target found last is a folder, not a file. */
export let targetFolder: bool = false;
let stepFolder: bool = false;

/** The strongest target whose row stands at the step `at`. */
function targetAtStep(at: usize, end: usize, isRoot: bool): Target {
  const c = <u32>load<u8>(at);
  if (c > 127) return Target.NONE;
  let best: u32 = Target.NONE;
  stepFolder = true;
  let cell = load<usize>(heads + ((<usize>c) << 2));
  while (cell) {
    const row = load<usize>(cell);
    const level = <u32>load<u16>(row) - 48;
    cell = load<usize>(cell + 4);
    if (level < best) continue;
    let stop = row + 2;
    while (load<u16>(stop) != 0x0a) stop += 2;
    const folder = load<u16>(stop - 2) == 0x2f;
    /* Of two rows of one strength the file says more. */
    if (level == best && (folder || !stepFolder)) continue;
    if (level != Target.ANYWHERE && !isRoot && (folder || (level == Target.ABSOLUTE && hasSteps(row + 2, stop)))) {
      continue;
    }
    if (standsAt(row + 2, stop, at, end)) {
      best = level;
      stepFolder = folder;
    }
  }
  return best;
}

/**
 * The strongest target in a canonical path.
 * @param root address of the first step after the root or the last climb; folders count only there
 */
export function findTarget(at: usize, end: usize, root: usize): Target {
  if (!indexed) indexRows();
  let best: u32 = Target.NONE;
  while (at < end) {
    const found = <u32>targetAtStep(at, end, at == root);
    if (found > best) {
      best = found;
      targetFolder = stepFolder;
    } else if (found == best && !stepFolder) targetFolder = false;
    while (at < end && load<u8>(at) != 0x2f) at++;
    at++;
  }
  return best;
}
