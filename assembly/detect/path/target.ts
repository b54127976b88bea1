/**
 * Files and folders that an attacker of a file reader wants, as rows of a table, and the search for them in a
 * canonical path: lower case, `/` alone as separator, no empty and no current-folder steps.
 */

/** How much a target says by itself. */
export enum Target {
  NONE = 0,
  /** Only after a climb: folders that every system has. */
  CLIMBED = 1,
  /** Also as the path of the request itself: what people leave in the folder of a site by mistake. */
  REQUESTED = 2,
  /** Also as a whole absolute path given to a parameter. */
  ABSOLUTE = 3,
  /** Wherever a path names it. */
  ANYWHERE = 4,
}

/**
 * A row: a digit of `Target`, then the path. A row that ends in `/` is a folder, and counts where it is the first step
 * of an absolute path or the first after climbs, as do files by their absolute path (`3etc/inittab`); others count at
 * the start of any step, and so do all that are requested.
 *
 * Sources: FHS 3.0 (etc, proc, var, usr, opt, root, home); proc(5); passwd(5), shadow(5), group(5), sudoers(5);
 * Windows: win.ini, boot.ini, system32, repair\SAM; Jakarta Servlet 6.0 §10.5 (WEB-INF), JAR specification (META-INF);
 * gitrepository-layout(5), sshd(8) FILES; Apache httpd 2.4 .htaccess, httpd.conf, logs; php.ini, MySQL option files;
 * Solaris vfstab(4), system(4), netconfig(4); Linux man-pages section 5; Windows answer files (unattend.xml), user
 * profiles, IIS metabase; folders that XAMPP, cPanel, AppServ and the BSD ports use; folders of version control systems
 * (hg(1), bzr(1), cvs(1)) and editors; settings and histories of command line tools in a home folder.
 */
const TARGETS: string = `4etc/passwd
4etc/shadow
4etc/master.passwd
4etc/gshadow
4etc/group
4etc/sudoers
4etc/security/passwd
4etc/hosts
4etc/issue
4etc/motd
4etc/fstab
4etc/crontab
4etc/mtab
4etc/resolv.conf
4etc/my.cnf
4etc/mysql/my.cnf
4etc/php.ini
4etc/ssh/
4etc/apache2/
4etc/httpd/
4etc/nginx/
3etc/inittab
3etc/vfstab
3etc/netconfig
3etc/system
3etc/exports
3etc/networks
3etc/services
3etc/protocols
3etc/ftpusers
3etc/hosts.allow
3etc/hosts.deny
3etc/hosts.equiv
3etc/aliases
3etc/profile
3etc/bashrc
3etc/bash.bashrc
3etc/environment
3etc/anacrontab
3etc/os-release
3etc/lsb-release
3etc/redhat-release
3etc/debian_version
3etc/machine-id
3etc/opasswd
3etc/sshd_config
3etc/cron.d/
3etc/cron.daily/
3etc/init.d/
3etc/rc.d/
3etc/pam.d/
3etc/php.d/
3etc/sysconfig/
3etc/wu-ftpd/
3etc/security/
3etc/logrotate.d/
3etc/sudoers.d/
4proc/self/
3proc/partitions
3proc/cpuinfo
3proc/meminfo
3proc/modules
3proc/interrupts
3proc/ioports
3proc/stat
3proc/swaps
3proc/filesystems
3proc/devices
3proc/1/
4proc/version
4proc/cmdline
4proc/net/
4proc/mounts
4proc/sched_debug
4boot.ini
4autoexec.bat
4windows/win.ini
4winnt/win.ini
4windows/system.ini
4windows/repair/
4winnt/repair/
4windows/system32/config/sam
4windows/system32/config/system
4windows/system32/config/security
4windows/system32/config/software
4windows/system32/drivers/etc/
4winnt/system32/drivers/etc/
4web-inf/web.xml
4web-inf/classes/
4web-inf/lib/
4meta-inf/context.xml
4.git/config
4.git/head
4.git/index
4.svn/entries
4.svn/wc.db
4.hg/hgrc
4.env
4.htaccess
4.htpasswd
4.ssh/id_rsa
4.ssh/id_dsa
4.ssh/id_ecdsa
4.ssh/id_ed25519
4.ssh/authorized_keys
4.ssh/known_hosts
4.aws/credentials
4.docker/config.json
4.kube/config
4.bash_history
4.mysql_history
4.netrc
3.bashrc
3.bash_profile
3.xauthority
3.ssh/config
3.git-credentials
3.npmrc
3.passwd
3var/lib/mlocate/mlocate.db
3var/run/secrets/
3var/run/utmp
3var/log/auth.log
3var/log/wtmp
3var/log/btmp
3var/log/lastlog
3var/log/faillog
3var/log/secure
3var/log/messages
3var/log/syslog
3windows/panther/
3windows/debug/netsetup.log
3windows/system32/config/
3windows/system32/inetsrv/
3system32/inetsrv/
3unattend.xml
3unattended.xml
3sysprep.inf
3ntuser.dat
3ntuser.ini
4.pgpass
4run/secrets/kubernetes.io/
4tomcat-users.xml
3etc/
3proc/
3var/log/
3var/logs/
3var/mail/
3var/adm/
3var/spool/
3var/run/secrets/
3windows/system32/
3winnt/
3windows/
3inetpub/
3apache/logs/
3apache2/logs/
3access.log
3error.log
3access_log
3error_log
3usr/local/etc/
3usr/local/cpanel/
3usr/lib/cron/
3usr/spool/
3usr/etc/
3usr/ports/
3usr/pkg/etc/
3usr/home/
3var/db/
3var/cron/
3var/saf/
3var/run/
3var/lib/mysql/
3var/lib/php/
3var/lib/php4/
3var/lib/php5/
3var/lib/pgsql/
3var/lib/mlocate/
3var/apache/
3var/apache2/
3var/backups/
3var/cpanel/
3var/mysql.log
3library/webserver/
3program files/apache group/
3program files/apache software foundation/
3program files/mysql/
3program files/xampp/
3program files (x86)/apache group/
3programfiles/mysql/
3mysql/data/
3mysql/my.cnf
3mysql/my.ini
3php/sessions/
3php4/sessions/
3php5/sessions/
3php/php.ini
3appserv/
3nginx.conf
3metabase.xml
3httpd-error.log
1config.inc.php
3desktop.ini
3phpmyadmin/config.inc.php
3usr/local/apache/
3usr/local/apache2/
3usr/local/php/
3usr/local/php5/
3usr/local/mysql/
3opt/lampp/
3xampp/
3wamp/
3httpd.conf
3httpd-ssl.conf
3apache2.conf
3php.ini
3php4.ini
3php5.ini
3my.cnf
3my.ini
3vsftpd.conf
3proftpd.conf
3pureftpd.conf
3pure-ftpd.conf
3postgresql.conf
3pg_hba.conf
3wp-config.php
3master.passwd
3id_rsa
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
4.git/logs/
4.git/refs/
4.git/objects/
4.git/packed-refs
4.hg/store/
4.hg/requires
4.bzr/branch/
4.bzr/readme
4cvs/root
4cvs/entries
4cvs/repository
2.git/
2.svn/
2.hg/
2.bzr/
2.ds_store
2.npmrc
2.yarnrc
2.pypirc
2.dockercfg
2.dockerenv
2.s3cfg
2.vscode/
2.idea/
2.ftpconfig
2.remote-sync.json
2sftp-config.json
2.ssh/
2.aws/
2.kube/
2.docker/
2.gnupg/
2.azure/
2.terraform/
2terraform.tfstate
2.circleci/
2.travis.yml
2.zsh_history
2.sh_history
2.python_history
2.psql_history
2.sqlite_history
2.viminfo
2.user.ini
2id_rsa
2id_dsa
2id_ecdsa
2id_ed25519
2web.config
2web-inf/
2meta-inf/
2docker-compose.yml
2docker-compose.yaml
2application.properties
2backup.sql
2dump.sql
2db.sql
2database.sql
2mysql.sql
2backup.zip
2backup.tar
2backup.tgz
2backup.rar
2www.zip
2www.rar
2www.tar
2wwwroot.zip
2wwwroot.rar
2wwwroot.7z
2wwwroot.tar
2htdocs.zip
2htdocs.tar
2public_html.zip
2public_html.tar
2.git-credentials
2.gitignore
2access_log
2error_log
2application.yml
2application.yaml
2database.yml
2.gitlab-ci.yml
2.config/gcloud/
2.config/filezilla/
2.rediscli_history
2.node_repl_history
2.mongorc.js
2.my.cnf
2wp-config.txt
2wp-config.old
2wp-config.bak
2wp-config.inc
2wp-config.zip
2wp-config.php_bak
2wp-config.php-backup
2wp-content/debug.log
2storage/logs/laravel.log
2composer.lock
2gemfile.lock
2yarn.lock
2package-lock.json
2local_settings.py
2config/database.yml
2config/secrets.yml
2config/master.key
2config/credentials.yml.enc
2vendor/composer/installed.json
2phpunit.xml
2server.key
2privatekey.key
2private.key
2localhost.key
2db.sqlite3
2site.tar.gz
2website.zip
2web.rar
2web.tar.gz
2dump.zip
2db.zip
2database.zip
2bak.zip
2backups.zip
2backup.7z
2backup.gz
2backup.bak
2dump.tar.gz
2db_backup.sql
2db_dump.sql
2localhost.sql
2users.sql
2phpmyadmin.sql
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
const ROWS_MAX: u32 = 512;
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

/** Whether the path names what only the request's own path asks for, whatever else it names. */
export let targetLeft: bool = false;
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
    if (level < best && level != Target.REQUESTED) continue;
    let stop = row + 2;
    while (load<u16>(stop) != 0x0a) stop += 2;
    const folder = load<u16>(stop - 2) == 0x2f;
    /* Of two rows of one strength the file says more. */
    if (level == best && (folder || !stepFolder)) continue;
    const free = level == Target.ANYWHERE || level == Target.REQUESTED;
    if (!free && !isRoot && (folder || (level == Target.ABSOLUTE && hasSteps(row + 2, stop)))) continue;
    if (standsAt(row + 2, stop, at, end)) {
      if (level == Target.REQUESTED) targetLeft = true;
      if (level < best) continue;
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
  targetLeft = false;
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
