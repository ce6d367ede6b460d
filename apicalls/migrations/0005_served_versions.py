import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('apicalls', '0004_request_log'),
    ]

    operations = [
        migrations.CreateModel(
            name='ServedVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field_groups', models.JSONField(default=list)),
                ('scope', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('api_call', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='served_versions', to='apicalls.apicall')),
            ],
            options={
                'verbose_name': 'served version',
                'verbose_name_plural': 'served versions',
            },
        ),
        migrations.AddField(
            model_name='apicall',
            name='served_version',
            field=models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='apicalls.servedversion'),
        ),
        migrations.AddField(
            model_name='requestlog',
            name='served_version',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='apicalls.servedversion'),
        ),
        migrations.AddField(
            model_name='requestlog',
            name='change_sequence',
            field=models.BigIntegerField(null=True),
        ),
    ]
